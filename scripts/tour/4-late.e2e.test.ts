/** Fourth stop: an event that comes hours late is counted in the minute in which it happened; no window has closed. */
import { afterAll, beforeAll, test } from "bun:test";
import { click, startTour, type Tour } from "./tour.ts";

let tour: Tour;
beforeAll(async () => {
  tour = await startTour();
}, 60_000);
afterAll(() => tour.end());

test("the old minute is marked, and recomputed from its distinct events", async () => {
  const onTime = click(7200);
  const counted = (late: string, events: string) =>
    tour.expectRows(
      `SELECT sum(events) AS events, sum(late_events) AS late FROM events_per_minute
       WHERE event_minute = toStartOfMinute(parseDateTime64BestEffort('${onTime.event_time}', 3, 'UTC'))`,
      [{ events, late }],
    );
  await tour.send(onTime);
  await counted("1", "1");
  await tour.send({ ...onTime, event_id: crypto.randomUUID() });
  await counted("2", "2");
}, 60_000);
