/** Third stop: an event that comes twice counts once, whenever the copy comes, and the copy is counted as one. */
import { afterAll, beforeAll, test } from "bun:test";
import { click, startTour, type Tour } from "./tour.ts";

let tour: Tour;
beforeAll(async () => {
  tour = await startTour();
}, 60_000);
afterAll(() => tour.end());

const COUNTED = "SELECT sum(events) AS events FROM events_per_minute";
const COPIES = "SELECT sum(received) AS received, sum(duplicates) AS duplicates FROM duplicates_per_minute";

test("a copy changes no count", async () => {
  const event = click(60);
  await tour.send(event, event, event);
  await tour.expectRows(COUNTED, [{ events: "1" }]);
  await tour.send(event);
  await tour.expectRows(COPIES, [{ received: "4", duplicates: "3" }]);
  await tour.expectRows(COUNTED, [{ events: "1" }]);
}, 60_000);
