import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  createTestDatabase,
  eventRow,
  insertEventRows,
  type TestDatabase,
  useStack,
  waitFor,
} from "../../../scripts/testkit/index.ts";
import type { EventRow } from "./tables/events-raw.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase((await useStack()).clickhouse);
}, 60_000);
afterAll(() => db.drop());

const HOUR = 3_600_000;
const base = Math.floor(Date.now() / HOUR) * HOUR - 48 * HOUR;
let nextOffset = 0;
const row = (eventTimeMs: number): EventRow =>
  eventRow({ eventId: crypto.randomUUID(), eventTimeMs, kafkaOffset: nextOffset++ });

async function counted(view: "minute" | "hour", atMs: number): Promise<number> {
  const [found] = await db.clickhouse.query<{ n: string }>(
    `SELECT sum(events) AS n FROM events_per_${view} WHERE event_${view} = {at:UInt32}`,
    { params: { at: atMs / 1000 } },
  );
  return Number(found?.n ?? 0);
}

test("a large minute under steady writes pauses between computations, a small one beside it does not wait", async () => {
  const ROWS = 2_000_000;
  /** 2.5 µs a row; a writer that stalls for half of it ends it early. */
  const PAUSE_MS = (ROWS * 0.0025) / 2 - 100;
  await db.clickhouse.command(
    `INSERT INTO events_raw (event_id, event_time, received_time, source, event_type, user_id, kafka_partition, kafka_offset, kafka_append_time)
     SELECT toUUID(concat('00000000-0000-4000-8000-', leftPad(toString(number), 12, '0'))),
       fromUnixTimestamp64Milli({at:Int64} + number % 60000, 'UTC') AS t, t, 'web', 'click', concat('u', toString(number % 100)),
       9, number, t FROM numbers({rows:UInt64})`,
    { params: { at: base, rows: ROWS } },
  );
  let written = 0;
  let writing = true;
  const writer = (async () => {
    for (; writing; written++) {
      await insertEventRows(db.clickhouse, [row(base + (written % 60_000))]);
      await Bun.sleep(100);
    }
  })();
  const computations = async () =>
    (
      await db.clickhouse.query<{ ms: string }>(
        `SELECT DISTINCT toUnixTimestamp64Milli(computed_at) AS ms FROM events_per_minute_store
         WHERE source = '' AND event_minute = {at:UInt32} AND rows_marked >= {rows:UInt64} ORDER BY ms`,
        { params: { at: base / 1000, rows: ROWS } },
      )
    ).map(({ ms }) => Number(ms));
  await db.clickhouse.command("SYSTEM STOP MERGES events_per_minute_store");
  await waitFor(async () => (await computations()).length >= 2, { timeoutMs: 120_000, describe: "two computations" });
  const small = base + 30 * 60_000;
  await insertEventRows(db.clickhouse, [row(small)]);
  await waitFor(async () => (await counted("minute", small)) === 1, {
    timeoutMs: 60_000,
    describe: "the small minute",
  });
  await waitFor(async () => (await computations()).length >= 3, { timeoutMs: 120_000, describe: "three computations" });
  writing = false;
  await writer;
  const times = await computations();
  for (const [i, ms] of times.slice(1).entries()) expect(ms - (times[i] ?? 0)).toBeGreaterThan(PAUSE_MS);
  await db.clickhouse.command("SYSTEM START MERGES events_per_minute_store");
  await waitFor(async () => (await counted("minute", base)) === ROWS + written, {
    timeoutMs: 120_000,
    describe: "every row",
  });
  await waitFor(async () => (await counted("hour", base)) === ROWS + written + 1, {
    timeoutMs: 120_000,
    describe: "the hour",
  });
}, 400_000);
