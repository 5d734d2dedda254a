/**
 * The tour teaches countinghouse by running it: six stops, each a file, in this order.
 *   make test ARGS="scripts/tour"
 *
 * First stop: an event is JSON, one a message, and whatever speaks Kafka may send it.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { click, startTour, type Tour } from "./tour.ts";

let tour: Tour;
beforeAll(async () => {
  tour = await startTour();
}, 60_000);
afterAll(() => tour.end());

test("five fields make an event", async () => {
  const event = click(60);
  expect(Object.keys(event)).toEqual(["event_id", "user_id", "event_type", "event_time", "received_time"]);
  await tour.send(event);
  await tour.expectRows("SELECT event_id, user_id FROM events", [{ event_id: event.event_id, user_id: "user123" }]);
});

test("its text is kept as it was sent, down to the digits", async () => {
  const line = JSON.stringify(click(60)).replace(
    /}$/,
    ',"payload":{"element":"buy","price":0.10,"order":73314510714175489}}',
  );
  await tour.send(line);
  await tour.expectRows("SELECT payload FROM events WHERE payload != '{}' AND payload != ''", [
    { payload: '{"element":"buy","price":0.10,"order":73314510714175489}' },
  ]);
});
