/** Second stop: the consumer stores events and only then commits their offsets, so killing it loses nothing. */
import { afterAll, beforeAll, test } from "bun:test";
import { click, startTour, type Tour } from "./tour.ts";

let tour: Tour;
beforeAll(async () => {
  tour = await startTour();
}, 60_000);
afterAll(() => tour.end());

test("a killed consumer's successor goes on where rows were durable", async () => {
  const second = tour.start("consumer");
  await second.waitForLog(({ json }) => json.msg === "assigned" && !String(json.group).endsWith("-ledger"));
  await tour.send(...Array.from({ length: 500 }, () => click(60)));
  await second.kill("SIGKILL");
  await tour.send(...Array.from({ length: 500 }, () => click(60)));
  await tour.expectRows("SELECT count() AS events FROM events", [{ events: "1000" }]);
}, 60_000);

test("every offset is accounted for: stored, duplicate or dead letter", async () => {
  // The insert writes them by a view behind the rows, so they may show a moment later than these.
  await tour.expectRows("SELECT sum(accounted) AS accounted, sum(missing) AS missing FROM offsets_received", [
    { accounted: "1000", missing: "0" },
  ]);
}, 60_000);
