/** Fifth stop: what is no event is never dropped. It becomes a dead letter that says why, and can be sent again. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { click, startTour, type Tour } from "./tour.ts";

let tour: Tour;
beforeAll(async () => {
  tour = await startTour();
}, 60_000);
afterAll(() => tour.end());

const LETTERS = "SELECT error_class, count() AS letters FROM dead_letters GROUP BY error_class ORDER BY error_class";

test("each refused message is kept, with a class and a reason", async () => {
  await tour.send(click(60), "{", { ...click(60), user_id: 7 }, click(40 * 86_400));
  await tour.expectRows(LETTERS, [
    { error_class: "malformed_json", letters: "1" },
    { error_class: "schema", letters: "1" },
    { error_class: "too_old", letters: "1" },
  ]);
  const { code, output } = await tour.ops("dlq", "list", "--class", "schema");
  expect(code).toBe(0);
  expect(output).toContain("user_id");
}, 60_000);
