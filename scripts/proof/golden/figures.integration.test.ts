import { afterAll, beforeAll, expect, test } from "bun:test";
import { createTestDatabase, type TestDatabase, useStack, waitFor } from "../../testkit/index.ts";
import recorded from "./figures.json" with { type: "json" };
import { areCounted, readFigures, shiftMs, storeEvents } from "./figures.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase((await useStack()).clickhouse);
}, 60_000);
afterAll(() => db.drop());

/** The figures are right once they are those recorded; what they are instead is told after the time allowed for them. */
test("the corpus gets the figures it always got, in every view", async () => {
  const byMs = shiftMs(Date.now());
  const events = await storeEvents(db.clickhouse, byMs);
  const counted = () => areCounted(db.clickhouse, events);
  await waitFor(counted, { timeoutMs: 60_000, describe: "every event to be counted" });
  const equal = async () => Bun.deepEquals(await readFigures(db.clickhouse, byMs), recorded);
  await waitFor(equal, { timeoutMs: 20_000, describe: "the recorded figures" }).catch(() => {});
  expect(await readFigures(db.clickhouse, byMs)).toEqual(recorded);
}, 120_000);
