import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  createTestDatabase,
  eventRow,
  type TestDatabase,
  uniqueName,
  useStack,
  waitFor,
} from "../../../scripts/testkit/index.ts";
import { createClickHouse } from "./client.ts";
import { createDatabase, migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";
import { EVENTS_RAW_COLUMNS, EVENTS_RAW_TABLE, type EventRow, encodeEventRows } from "./tables/events-raw.ts";

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
const insertInto = (clickhouse: TestDatabase["clickhouse"], rows: EventRow[]) =>
  clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, encodeEventRows(rows));

async function counted(clickhouse: TestDatabase["clickhouse"], view: "minute" | "hour", atMs: number): Promise<number> {
  const [found] = await clickhouse.query<{ n: string }>(
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
      await insertInto(db.clickhouse, [row(base + (written % 60_000))]);
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
  await insertInto(db.clickhouse, [row(small)]);
  await waitFor(async () => (await counted(db.clickhouse, "minute", small)) === 1, {
    timeoutMs: 60_000,
    describe: "the small minute",
  });
  await waitFor(async () => (await computations()).length >= 3, { timeoutMs: 120_000, describe: "three computations" });
  writing = false;
  await writer;
  const times = await computations();
  for (const [i, ms] of times.slice(1).entries()) expect(ms - (times[i] ?? 0)).toBeGreaterThan(PAUSE_MS);
  await db.clickhouse.command("SYSTEM START MERGES events_per_minute_store");
  await waitFor(async () => (await counted(db.clickhouse, "minute", base)) === ROWS + written, {
    timeoutMs: 120_000,
    describe: "every row",
  });
  await waitFor(async () => (await counted(db.clickhouse, "hour", base)) === ROWS + written + 1, {
    timeoutMs: 120_000,
    describe: "the hour",
  });
}, 400_000);

test("a store of an earlier schema keeps its counts and goes on exactly", async () => {
  const stack = await useStack();
  const config = { ...db.config, CLICKHOUSE_DATABASE: uniqueName("upgrade") };
  const admin = createClickHouse({ ...config, CLICKHOUSE_DATABASE: "default" });
  await createDatabase(admin, config.CLICKHOUSE_DATABASE);
  const clickhouse = createClickHouse({ ...config, CLICKHOUSE_URL: stack.clickhouse.url });
  try {
    await migrate(clickhouse, { migrations: MIGRATIONS.filter(({ version }) => version <= 11) });
    const early = Array.from({ length: 300 }, (_, i) => row(base + i * 1000));
    await insertInto(clickhouse, early);
    const until = (view: "minute" | "hour", n: number) =>
      waitFor(async () => (await counted(clickhouse, view, base)) === n, {
        timeoutMs: 60_000,
        describe: `${n} a ${view}`,
      });
    await until("minute", 60);
    await until("hour", 300);
    // Rows that are marked and not computed yet when the schema changes.
    await insertInto(clickhouse, [row(base + 1), ...early.slice(0, 10)]);
    await migrate(clickhouse);
    await until("minute", 61);
    await until("hour", 301);
    await insertInto(clickhouse, [row(base + 2), row(base + 60_000), ...early]);
    await until("minute", 62);
    await until("hour", 303);
    const [accounted] = await clickhouse.query<{ n: string; copies: string }>(
      "SELECT sum(events) AS n, sum(duplicates + redelivered) AS copies FROM duplicates_per_minute",
    );
    expect(accounted).toEqual({ n: "303", copies: "310" });
    expect(await clickhouse.query("SELECT * FROM conflicts")).toEqual([]);
  } finally {
    await clickhouse.close();
    await admin.command(`DROP DATABASE IF EXISTS ${config.CLICKHOUSE_DATABASE} SYNC`);
    await admin.close();
  }
}, 200_000);
