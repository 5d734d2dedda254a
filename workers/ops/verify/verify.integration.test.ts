import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../../scripts/testkit/index.ts";
import type { DeadLetterRow } from "../../shared/clickhouse/tables/dead-letters.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { ledgerOf, messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";

/** A proof that cannot fail is worth nothing: every kind of defect is planted, must be reported, and is fixed again. */

let fixture: OpsFixture;
let rows: EventRow[];
let letters: DeadLetterRow[];
const events = testEvents(300, Date.now() - 5_000);

beforeAll(async () => {
  fixture = await createOpsFixture("verify");
  await fixture.ledger(ledgerOf("p1", events, "closed", Date.now()));
  await fixture.produce(events.map((event) => messageOf(event, { instance: "p1" })));
  await fixture.produce(events.slice(0, 30).map((event) => messageOf(event, { instance: "p1" })));
  await fixture.produce([{ value: "not json" }, { value: null, partition: 1 }]);
  ({ rows, letters } = await fixture.consume());
}, 90_000);
afterAll(() => fixture.close());

type Difference = { check: string; outcome: string; expected: { events: number }; found: { events: number } };
type Report = {
  verdict: string;
  totals: Record<string, number>;
  differences: Difference[];
  unproven: Difference[];
  other_differences: string[];
  dead_letters: Record<string, number>;
  duplicates: number;
};

async function verify(...flags: string[]): Promise<{ code: number; report: Report }> {
  const { code, out, err } = await fixture.run(["verify", "--json", "--wait", "15s", ...flags]);
  if (out === "") throw new Error(err);
  return { code, report: JSON.parse(out) };
}

async function expectExact() {
  const { code, report } = await verify();
  expect(report).toMatchObject({ verdict: "EXACT", differences: [], other_differences: [], unproven: [] });
  expect(code).toBe(0);
  return report;
}

/** Runs verify and says which checks found a difference, as `check expected→found`. */
const expectDifferences = (...expected: string[]) => expectSettled("5s", expected);

/** @param settle how long verify looks again; short where nothing is recomputed that could change what was planted. */
async function expectSettled(settle: string, expected: string[]) {
  const { code, report } = await verify("--settle", settle);
  const found = report.differences.map((row) => `${row.check} ${row.found.events - row.expected.events}`);
  expect(found.sort()).toEqual(expected.sort());
  expect(report.verdict).toBe("DIFFERENT");
  expect(code).toBe(1);
}

function pick<T>(from: readonly T[], at: number): T {
  const value = from[at];
  if (value === undefined) throw new Error("too few");
  return value;
}

const sync = { settings: { mutations_sync: 1, lightweight_deletes_sync: 1 } };
const deleteEvent = (id: string) =>
  fixture.clickhouse.command("DELETE FROM events_raw WHERE event_id = {id:UUID}", { params: { id }, ...sync });
const touchMinute = (row: EventRow) =>
  fixture.clickhouse.command(
    "INSERT INTO minute_marks (event_minute, rows_marked, touched_at) SELECT toStartOfMinute(fromUnixTimestamp64Milli({t:Int64}, 'UTC')), 1, now64(3)",
    { params: { t: row.eventTimeMs } },
  );

test("agrees when everything is stored", async () => {
  const report = await expectExact();
  expect(report.totals).toEqual({
    produced: 300,
    stored_of_producers: 300,
    stored_foreign: 0,
    minutes_view: 300,
    hours_view: 300,
  });
  expect(report.duplicates).toBe(30);
  expect(report.dead_letters).toEqual({ empty: 1, malformed_json: 1 });
}, 60_000);

test("prints tables and the verdict for people", async () => {
  const { out, code } = await fixture.run(["verify", "--all"]);
  expect(out).toMatch(/produced \(acknowledged, by the ledger\) +300/);
  expect(out).toMatch(/EXACT {2}300 events/);
  expect(out.split("\n").filter((line) => / web +click /.test(line)).length).toBeGreaterThanOrEqual(3);
  expect(code).toBe(0);
}, 60_000);

test("sees an event that is missing from the store", async () => {
  const row = pick(rows, 100);
  await deleteEvent(row.eventId);
  // The views still count it.
  await expectDifferences("ledger -1", "minute 1", "hour 1");
  await fixture.storeEvents([row]);
  await expectExact();
}, 60_000);

test("sees an event that replaces another one in the same group", async () => {
  const row = pick(rows, 100);
  const impostor = { ...row, eventId: crypto.randomUUID() };
  await deleteEvent(row.eventId);
  await fixture.storeEvents([impostor]);
  await expectDifferences("ledger 0");
  await deleteEvent(impostor.eventId);
  await fixture.storeEvents([row]);
  await expectExact();
}, 60_000);

test("sees a surplus event, also one that claims an offset the topic has never reached", async () => {
  const surplus = { ...pick(rows, 100), eventId: crypto.randomUUID(), kafkaOffset: 1e6 };
  await fixture.storeEvents([surplus]);
  const { code, report } = await verify("--settle", "5s");
  expect(report.differences.map((row) => row.check)).toEqual(["ledger"]);
  expect(report.other_differences).toEqual([
    `partition ${surplus.kafkaPartition}: the store holds 1 offsets that the topic has not reached`,
  ]);
  expect(code).toBe(1);
  await deleteEvent(surplus.eventId);
  await touchMinute(surplus);
  await fixture.clickhouse.command("ALTER TABLE received_offsets DELETE WHERE bitmapContains(offsets, 1000000)", sync);
  // The set of that minute went with it; storing its rows again brings it back.
  await fixture.storeEvents(rows);
  await expectExact();
}, 60_000);

/** Resolves when nothing is recomputed any more, so that what a test writes into a view stays as it is. */
const untilQuiet = () =>
  waitFor(
    async () => {
      const [row] = await fixture.clickhouse.query<{ quiet: number }>(
        `SELECT (SELECT max(computed_at) FROM events_per_minute_store) < now64(3) - INTERVAL 4 SECOND
           AND (SELECT max(computed_at) FROM events_per_hour_store) < now64(3) - INTERVAL 4 SECOND AS quiet`,
      );
      return row?.quiet === 1 && (await verify()).code === 0;
    },
    { timeoutMs: 90_000, describe: "an end of the recomputation" },
  );

for (const [view, check, time] of [
  ["events_per_hour_store", "hour", "event_hour"],
  ["events_per_minute_store", "minute", "event_minute"],
] as const) {
  test(`sees a row of ${view} that was altered`, async () => {
    await untilQuiet();
    const [row] = await fixture.clickhouse.query<{ t: number; events: string; checksum: string }>(
      `SELECT toUnixTimestamp(${time}) AS t, events, checksum FROM ${view} FINAL WHERE source = 'web' ORDER BY t LIMIT 1`,
    );
    if (row === undefined) throw new Error("no row");
    const write = (events: number, checksum: bigint) =>
      fixture.clickhouse.command(
        `INSERT INTO ${view} SELECT * REPLACE (${events} AS events, ${checksum} AS checksum, version + 1000 AS version)
         FROM ${view} FINAL WHERE source = 'web' AND toUnixTimestamp(${time}) = ${row.t}`,
      );
    await write(Number(row.events) + 1, BigInt(row.checksum));
    await expectSettled("1s", [`${check} 1`]);
    await write(Number(row.events), BigInt(row.checksum) ^ 1n);
    await expectSettled("1s", [`${check} 0`]);
    await write(Number(row.events), BigInt(row.checksum));
    const change = (what: string) =>
      fixture.clickhouse.command(
        `INSERT INTO ${view} SELECT * REPLACE (${what}, version + 1000 AS version) FROM ${view} FINAL
         WHERE source = 'lottery' AND (source, event_type, ${time}) IN (
           SELECT source, event_type, ${time} FROM ${view} FINAL WHERE source = 'lottery' ORDER BY ${time} LIMIT 1)`,
      );
    for (const [spoil, fix] of [
      ["size_bytes + 1 AS size_bytes", "size_bytes - 1 AS size_bytes"],
      ["late_events + 1 AS late_events", "late_events - 1 AS late_events"],
      ["mapApply((k, v) -> ('USD', v), amounts) AS amounts", "mapApply((k, v) -> ('EUR', v), amounts) AS amounts"],
    ] as const) {
      await change(spoil);
      await expectSettled("1s", [`${check} 0`]);
      await change(fix);
    }
    await expectExact();
  }, 240_000);
}

test("sees a dead letter that was dropped", async () => {
  const letter = pick(letters, 0);
  await fixture.clickhouse.command(
    "DELETE FROM dead_letters_raw WHERE kafka_partition = {p:UInt32} AND kafka_offset = {o:UInt64}",
    { params: { p: letter.partition, o: letter.offset }, ...sync },
  );
  const { code, report } = await verify();
  expect(report.other_differences).toEqual([
    `partition ${letter.partition}: 1 offsets are neither stored nor duplicate nor dead letter: ${letter.offset}`,
  ]);
  expect(code).toBe(1);
  await fixture.storeDeadLetters([letter]);
  await expectExact();
}, 60_000);

test("names the killed instance whose ledger is open; the audit closes it", async () => {
  const more = testEvents(60, Date.now() - 5_000);
  await fixture.ledger(ledgerOf("killed", more.slice(10), "open", Date.now() - 60_000));
  await fixture.produce(more.map((event) => messageOf(event, { instance: "killed" })));
  await fixture.consume();
  const before = await fixture.run(["verify", "--settle", "5s", "--wait", "15s"]);
  expect(before.out).toContain("open ledger of a killed instance: killed");
  expect(before.out).toContain("NOT PROVEN");
  expect(before.out).toContain("next: `ops verify --audit`");
  expect(before.code).toBe(3);

  const audit = await fixture.run(["verify", "--audit"]);
  expect(audit.out).toContain("closed the open ledger of killed");
  expect(audit.code).toBe(0);
  await fixture.ledger([]);
  await expectExact();
}, 90_000);

test("sees a closed ledger of which a record is missing", async () => {
  const records = ledgerOf("partial", testEvents(3, Date.now()), "closed", Date.now());
  await fixture.ledger(records.slice(-1));
  const { code, report } = await verify();
  expect(report.other_differences[0]).toContain("ledger of partial is incomplete: it closed with 3 events");
  expect(code).toBe(1);
  await fixture.clickhouse.command("DELETE FROM ledger_instances WHERE instance = 'partial'", sync);
  await expectExact();
}, 60_000);

test("does not take for proven what arrived after its day had left the raw retention", async () => {
  const setting = (day: string) =>
    fixture.clickhouse.command(
      "INSERT INTO pipeline_settings (name, value) SELECT 'raw_complete_since', {day:String}",
      {
        params: { day },
        settings: { async_insert: 0 },
      },
    );
  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const yesterday = dayOf(Date.now() - 86_400_000);
  const [early] = testEvents(1, Date.now() - 5 * 86_400_000);
  await setting(yesterday);
  await fixture.produce([messageOf(pick([early], 0) as never)]);
  await fixture.consume();
  const { code, report } = await verify();
  expect(report).toMatchObject({ verdict: "NOT PROVEN", stale_minutes: { minutes: 1 } });
  expect(code).toBe(3);
  const { out } = await fixture.run(["verify", "--wait", "15s"]);
  expect(out).toContain("1 minutes from");
  expect(out).toMatch(/next: .*ops verify --from/);
  expect((await verify("--from", yesterday)).code).toBe(0);
  // Inside the retention again it is recomputed, and proven.
  await setting("1970-01-01");
  await waitFor(async () => (await verify()).code === 0, { timeoutMs: 90_000, describe: "EXACT" });
}, 240_000);

test("sees an offset that was committed but never stored", async () => {
  const [event] = testEvents(1, Date.now());
  if (event === undefined) throw new Error("none");
  await fixture.produce([messageOf(event, { partition: 1 })]);
  const behind = await fixture.run(["verify", "--wait", "1s"]);
  expect(behind.out).toContain("1 messages behind (partitions 1)");
  expect(behind.code).toBe(3);
  const { rows: dropped } = await fixture.consume({ row: () => undefined });
  expect(dropped).toEqual([]);
  const { code, report } = await verify();
  expect(report.other_differences[0]).toMatch(
    /^partition 1: 1 offsets are neither stored nor duplicate nor dead letter: \d+$/,
  );
  expect(code).toBe(1);
}, 60_000);
