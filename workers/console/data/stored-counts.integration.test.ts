import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventRow } from "../../../scripts/testkit/index.ts";
import { type ConsoleFixture, createConsoleFixture } from "../testing/fixture.ts";
import { createReads } from "./reads.ts";
import { createStoredCounts, type StoredCounts } from "./stored-counts.ts";

const MINUTE = 60_000;
const base = (Math.floor(Date.now() / MINUTE) - 10) * MINUTE;
const range = { fromMs: base, toMs: base + 5 * MINUTE };

let fixture: ConsoleFixture;
let counts: StoredCounts;
let nowMs = base;
/** The minutes each counting query was asked for. */
const counted: number[][] = [];

beforeAll(async () => {
  fixture = await createConsoleFixture();
  const reads = createReads(fixture.db.clickhouse, { timeoutSeconds: 10, maxRows: 1_000 }, fixture.metrics);
  const watched = {
    ...reads,
    rows: <Row>(name: string, sql: string, params: Record<string, unknown> = {}) => {
      if (name === "live_stored") counted.push(params.minutes as number[]);
      return reads.rows<Row>(name, sql, params);
    },
  };
  counts = createStoredCounts(watched, { now: () => nowMs });
}, 60_000);
afterAll(() => fixture.close());

const row = (minute: number, offset: number, fields = {}) =>
  eventRow({ eventId: crypto.randomUUID(), eventTimeMs: base + minute * MINUTE + 500, kafkaOffset: offset, ...fields });
const total = async () => (await counts(range)).reduce((sum, { events }) => sum + events, 0);

test("only minutes with new rows are counted again", async () => {
  await fixture.storeEvents([
    row(0, 1),
    row(1, 2),
    row(1, 3, { producer: "p", source: "lottery", eventType: "login" }),
  ]);
  expect(await total()).toBe(3);
  expect((await counts(range)).map(({ ofLedger }) => ofLedger).sort()).toEqual([0, 0, 1]);
  expect(counted.map((minutes) => minutes.length)).toEqual([2]);
  await fixture.storeEvents([row(1, 4), row(-1, 5)]);
  expect(await total()).toBe(4);
  expect(counted.at(-1)).toEqual([base / 1000 + 60]);
});

test("copies count once, and rows that vanish are noticed within a minute", async () => {
  const event = row(3, 10);
  await fixture.storeEvents([event]);
  await fixture.storeEvents([{ ...event, kafkaOffset: 11 }]);
  expect(await total()).toBe(5);
  await fixture.db.clickhouse.command("ALTER TABLE events_raw DELETE WHERE 1", { settings: { mutations_sync: 1 } });
  expect(await total()).toBe(5);
  nowMs += MINUTE + 1;
  expect(await total()).toBe(0);
});

test("many at once share one count", async () => {
  const before = counted.length;
  await fixture.storeEvents([row(2, 20)]);
  expect(await Promise.all([total(), total(), total()])).toEqual([1, 1, 1]);
  expect(counted.length).toBe(before + 1);
});
