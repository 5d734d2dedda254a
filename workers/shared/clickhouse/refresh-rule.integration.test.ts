import { afterAll, beforeAll, expect, test } from "bun:test";
import { createTestDatabase, type TestDatabase, useStack, waitFor } from "../../../scripts/testkit/index.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase((await useStack()).clickhouse);
  await db.clickhouse.command("SYSTEM STOP MERGES events_per_minute_store");
}, 60_000);
afterAll(() => db.drop());

/** A minute before anything is computed. Times are seconds before now; touched in the future means: still being touched. */
type Planted = {
  /** "present" is the minute that the clock is in, a number one so many minutes before it. */
  minute: "present" | number;
  marked: number;
  touchedS?: number;
  /** Its last computation; none when it was never computed. */
  recorded?: number;
  computedS?: number;
};
const STILL_S = -60;

/** What one refresh would do with each minute: compute it, note that it was seen, or leave it alone. */
async function decide(minutes: readonly Planted[]): Promise<("computed" | "noted" | "left")[]> {
  const { clickhouse } = db;
  // The present must not become the past before it is judged.
  const second = (Date.now() % 60_000) / 1_000;
  if (second > 45) await Bun.sleep((60.5 - second) * 1_000);
  for (const table of ["minute_marks", "events_per_minute_store"]) await clickhouse.command(`TRUNCATE TABLE ${table}`);
  const [view] = await clickhouse.query<{ select: string }>(
    "SELECT as_select AS select FROM system.tables WHERE database = currentDatabase() AND name = 'events_per_minute_refresh'",
  );
  const [clock] = await clickhouse.query<{ minute: number }>(
    "SELECT toUnixTimestamp(toStartOfMinute(now('UTC'))) AS minute",
  );
  const atS = ({ minute }: Planted) => (clock?.minute ?? 0) - (minute === "present" ? 0 : minute * 60);
  for (const planted of minutes) {
    await clickhouse.command(
      `INSERT INTO minute_marks (event_minute, rows_marked, touched_at)
       SELECT {at:UInt32}, {marked:UInt64}, now64(3, 'UTC') - toIntervalMillisecond({touched:Int64})`,
      { params: { at: atS(planted), marked: planted.marked, touched: (planted.touchedS ?? STILL_S) * 1000 } },
    );
    if (planted.recorded === undefined) continue;
    await clickhouse.command(
      `INSERT INTO events_per_minute_store (event_minute, rows_marked, computed_at, version)
       SELECT {at:UInt32}, {recorded:UInt64}, now64(3, 'UTC') - toIntervalMillisecond({computed:Int64}), 3`,
      { params: { at: atS(planted), recorded: planted.recorded, computed: (planted.computedS ?? 0) * 1000 } },
    );
  }
  const rows = await clickhouse.query<{ at: number; rows: string }>(
    `SELECT toUnixTimestamp(event_minute) AS at, toString(rows_marked) AS rows FROM (${view?.select})`,
  );
  const found = new Map(
    rows.map(({ at, rows: recorded }) => [at, recorded === "0" ? ("noted" as const) : ("computed" as const)]),
  );
  return minutes.map((planted) => found.get(atS(planted)) ?? "left");
}

test("what a refresh does with a minute", async () => {
  await db.clickhouse.command("SYSTEM STOP VIEW events_per_minute_refresh");
  const backlog = { minute: 600, marked: 300_000, recorded: 0, computedS: 3 };
  const present = { minute: "present", marked: 300_000, recorded: 295_000, computedS: 5 } as const;

  // Single events in minutes of their own are shown at once.
  expect(await decide([{ minute: 14_400, marked: 1 }])).toEqual(["computed"]);
  expect(await decide([{ minute: 14_400, marked: 1 }, present])).toEqual(["computed", "computed"]);
  // A past minute that fills at 100,000 rows/s waits until it is complete; the present one does not wait for it.
  expect(await decide([{ minute: 600, marked: 100_000 }])).toEqual(["noted"]);
  expect(await decide([backlog])).toEqual(["left"]);
  // Inserts of 160,000 rows may be seconds apart.
  expect(await decide([{ ...backlog, touchedS: 1.5 }])).toEqual(["left"]);
  expect(await decide([{ ...backlog, touchedS: 4.5 }])).toEqual(["computed"]);
  expect(await decide([{ minute: 600, marked: 12, recorded: 10, computedS: 0.1, touchedS: 1.2 }])).toEqual([
    "computed",
  ]);
  expect(await decide([{ ...backlog, computedS: 31 }])).toEqual(["computed"]);
  expect(await decide([{ ...backlog, minute: 2 }, present])).toEqual(["left", "computed"]);
  expect(await decide([backlog, { ...present, minute: 1 }])).toEqual(["left", "computed"]);
  // One that fills slowly, such as a file that is replayed, is shown as often as the present.
  expect(await decide([{ minute: 600, marked: 155_000, recorded: 150_000, computedS: 2.5 }])).toEqual(["computed"]);
  // What arrives for the present holds up no single event of the past.
  const busy = { minute: "present", marked: 900_000, recorded: 0, computedS: 10 } as const;
  expect(await decide([{ minute: 14_400, marked: 1 }, busy])).toEqual(["computed", "computed"]);
  // Everything is shown: done once more, when its last touch is 1.05 s old, and no more after that.
  const shown = { minute: 600, marked: 9, recorded: 9 };
  expect(await decide([{ ...shown, computedS: 5 }])).toEqual(["left"]);
  expect(await decide([{ ...shown, touchedS: 1.5, computedS: 1.2 }])).toEqual(["computed"]);
  expect(await decide([{ ...shown, touchedS: 2.5, computedS: 1.2 }])).toEqual(["left"]);
  // A clock that was set back stops nothing.
  expect(await decide([{ ...backlog, computedS: -3_600 }])).toEqual(["computed"]);
  await db.clickhouse.command("SYSTEM START VIEW events_per_minute_refresh");
}, 120_000);

test("while a backlog is stored, hardly a row is recomputed twice, and the views show every one", async () => {
  const { clickhouse } = db;
  for (const table of ["events_raw", "minute_marks", "events_per_minute_store", "events_per_hour_store"]) {
    await clickhouse.command(`TRUNCATE TABLE ${table}`);
  }
  const ROWS = 600_000;
  const INSERT = 20_000;
  const PER_MINUTE = 100_000;
  const startS = Math.floor(Date.now() / 3_600_000) * 3_600 - 48 * 3_600;
  for (let from = 0; from < ROWS; from += INSERT) {
    // Every tenth row is half a minute late.
    await clickhouse.command(
      `INSERT INTO events_raw (event_id, event_time, received_time, source, event_type, user_id, kafka_partition, kafka_offset, kafka_append_time)
       SELECT toUUID(concat('00000000-0000-4000-8000-', leftPad(toString(number), 12, '0'))),
         fromUnixTimestamp64Milli(1000 * {start:Int64} + intDiv(number * 60000, {perMinute:UInt64}) - if(number % 10 = 0, 30000, 0), 'UTC') AS t, t,
         'web', 'click', concat('u', toString(number % 100)), 9, number, t
       FROM numbers({from:UInt64}, {rows:UInt64})`,
      { params: { start: startS, perMinute: PER_MINUTE, from, rows: INSERT } },
    );
  }
  const count = async (sql: string) => Number((await clickhouse.query<{ n: string }>(sql))[0]?.n);
  for (const view of ["events_per_minute", "events_per_hour"]) {
    await waitFor(async () => (await count(`SELECT toString(sum(events)) AS n FROM ${view}`)) === ROWS, {
      timeoutMs: 120_000,
      describe: `every event in ${view}`,
    });
  }
  // The computation that confirms the last minutes.
  await Bun.sleep(3_000);
  const recomputed = await count(
    "SELECT toString(sum(rows_marked)) AS n FROM events_per_minute_store WHERE source = '' AND event_type = ''",
  );
  expect(recomputed / ROWS).toBeGreaterThanOrEqual(1);
  expect(recomputed / ROWS).toBeLessThan(1.3);
}, 200_000);
