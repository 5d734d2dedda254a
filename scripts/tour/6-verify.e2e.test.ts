/** Last stop: the proof. Two ways, which share no code, come to the same: what was produced is what is stored and shown. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTour, type Tour } from "./tour.ts";

let tour: Tour;
beforeAll(async () => {
  tour = await startTour();
}, 60_000);
afterAll(() => tour.end());

test("a minute of late, duplicate and malformed messages is EXACT", async () => {
  const load =
    "simulate --rate 500 --seconds 4 --late-share 0.1 --late-range 1-2 --drain-held now --duplicate-share 0.05";
  const producer = tour.start("producer", ...load.split(" "), "--malformed-share", "0.02");
  expect(await producer.exited).toBe(0);
  // The ledger of what Kafka acknowledged, beside events, minutes and hours.
  expect(await tour.ops("verify")).toMatchObject({ code: 0, output: expect.stringContaining("EXACT") });
  // The topic's own bytes, beside the store, event by event.
  expect(await tour.ops("verify", "--audit")).toMatchObject({ code: 0, output: expect.stringContaining("EXACT") });
}, 120_000);

test("one row too few, and the proof says so", async () => {
  const [row] = await tour.sql<{ event_id: string }>("SELECT event_id FROM events LIMIT 1");
  await tour.lose(row?.event_id ?? "");
  expect(await tour.ops("verify", "--audit")).toMatchObject({ code: 1, output: expect.stringContaining("DIFFERENT") });
}, 120_000);
