import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  createTestDatabase,
  eventRow,
  insertEventRows,
  type TestDatabase,
  useStack,
  waitFor,
} from "../../../../scripts/testkit/index.ts";
import { compileContract } from "../../contract/compile.ts";
import { SHIPPED_DOCUMENTS } from "../../contract/testing/documents.ts";
import { migrate } from "../migrate.ts";
import type { EventRow } from "../tables/events-raw.ts";
import { contractObjects } from "./objects.ts";
import { SHOP } from "./testing/shop.ts";

const contract = compileContract([...SHIPPED_DOCUMENTS, SHOP]);
let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase((await useStack()).clickhouse, { empty: true });
  await migrate(db.clickhouse, { contract });
}, 60_000);
afterAll(() => db.drop());

const HOUR = 3_600_000;
/** Two hours of the same day, within retention. */
const base = Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR - 48 * HOUR + 3 * HOUR;

let next = 0;
const event = (eventTimeMs: number, fields: Partial<EventRow>): EventRow =>
  eventRow({ eventId: crypto.randomUUID(), eventTimeMs, kafkaOffset: next++, ...fields });
const order = (at: number, userId: string, amountE4: number, currency: string) =>
  event(at, { source: "shop", eventType: "order", userId, amountE4, currency });

const FIRST = [
  order(base, "ada", 125_000, "EUR"),
  order(base + 90_000, "bob", 5, "EUR"),
  order(base + 90_001, "ada", 70_000, "USD"),
  event(base + 120_000, { source: "shop", eventType: "visit", userId: "cyd" }),
];
const SECOND = [
  order(base + HOUR, "ada", 10_000, "EUR"),
  event(base + HOUR, {
    source: "lottery",
    eventType: "ticket_purchased",
    userId: "ada",
    amountE4: 20_000,
    currency: "EUR",
  }),
  event(base + HOUR, { source: "web", eventType: "purchase", userId: "bob", amountE4: 30_000, currency: "EUR" }),
  event(base + HOUR, { source: "web", eventType: "click", userId: "eve" }),
];

const read = (view: string) => db.clickhouse.query<Record<string, unknown>>(`SELECT * FROM ${view} ORDER BY ALL`);
const at = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");

test("views of a contract of one's own show its events, whatever its metrics, columns and comments are called", async () => {
  await insertEventRows(db.clickhouse, [...FIRST, ...SECOND, ...FIRST.slice(0, 2)]);
  const counted = async () =>
    (await read("events_per_hour")).reduce((sum, { events }) => sum + Number(events), 0) === 8;
  await waitFor(counted, { timeoutMs: 30_000, describe: "the hours" });
  expect(await read("shop_totals")).toEqual([
    { event_hour: at(base), users: "3", events: "4", checksum: "3", amounts: { EUR: "12.5005", USD: "7" }, store: "3" },
    { event_hour: at(base + HOUR), users: "1", events: "1", checksum: "1", amounts: { EUR: "1" }, store: "1" },
  ]);
  expect((await read("shop_money")).slice(0, 3)).toEqual([
    { window_end: at(base + HOUR), source: "EUR", event_type: "12.5005" },
    { window_end: at(base + HOUR), source: "USD", event_type: "7" },
    { window_end: at(base + 2 * HOUR), source: "EUR", event_type: "13.5005" },
  ]);
  expect(await read("takings_per_minute")).toEqual([
    { event_minute: at(base), currency: "EUR", takings: "12.5" },
    { event_minute: at(base + 60_000), currency: "EUR", takings: "0.0005" },
    { event_minute: at(base + 60_000), currency: "USD", takings: "7" },
    { event_minute: at(base + HOUR), currency: "EUR", takings: "1" },
  ]);
  expect(await read("events_per_hour")).toHaveLength(6);
  const comments = await db.clickhouse.query<{ comment: string }>(
    "SELECT comment FROM system.columns WHERE database = currentDatabase() AND table = 'shop_totals' LIMIT 1",
  );
  expect(comments[0]?.comment).toBe(SHOP.views?.[0]?.comment);
}, 60_000);

test("money and users of all sources stand beside those of the lottery", async () => {
  expect(await read("revenue_all_sources_per_hour")).toEqual([
    { event_hour: at(base + HOUR), currency: "EUR", revenue_all_sources: "5" },
  ]);
  expect(await read("unique_users_all_sources_per_hour")).toEqual([
    { event_hour: at(base), unique_users_all_sources: "3" },
    { event_hour: at(base + HOUR), unique_users_all_sources: "3" },
  ]);
  expect(await read("business_per_hour")).toMatchObject([
    { event_hour: at(base + HOUR), revenue: { EUR: "2" }, tickets: "1", unique_users: "1", new_sessions: "0" },
  ]);
});

/** Everything that the views show which read the stores. */
async function shown(): Promise<Record<string, unknown>> {
  const views = ["events_per_minute", "events_per_hour", ...contractObjects(contract).map(({ name }) => name)];
  const rows = await Promise.all(views.map(async (view) => [view, await read(view)] as const));
  return Object.fromEntries(rows);
}

test("rows of dimension sets, which carry zeros, change no view", async () => {
  const before = await shown();
  for (const [period, more] of [
    ["minute", "rows_marked, computed_at, "],
    ["hour", ""],
  ]) {
    const table = `events_per_${period}_store`;
    await db.clickhouse.command(
      `INSERT INTO ${table} (event_${period}, source, event_type, grouping, dims, n, users, login_sessions, ${more}version)
       SELECT event_${period}, source, event_type, 'currency', dims, 7, arrayReduce('uniqExactState', emptyArrayString()),
         arrayReduce('uniqExactState', emptyArrayString()), ${more}version + 5
       FROM ${table} FINAL ARRAY JOIN ['["EUR"]', '*'] AS dims WHERE source != ''`,
    );
  }
  expect(await shown()).toEqual(before);
  await db.clickhouse.command("OPTIMIZE TABLE events_per_minute_store FINAL");
  await db.clickhouse.command("OPTIMIZE TABLE events_per_hour_store FINAL");
  expect(await shown()).toEqual(before);
}, 60_000);

test("hours of which no raw event is left keep their figures", async () => {
  await db.clickhouse.command(
    `INSERT INTO events_per_hour_store (event_hour, source, event_type, events, amounts, users, login_sessions, version)
     SELECT toDateTime('2020-01-01 05:00:00', 'UTC'), 'lottery', type, 3, if(type = 'login', map(), map('EUR', toDecimal128(12.5, 4))),
       arrayReduce('uniqExactState', ['ada', type]), arrayReduce('uniqExactState', if(type = 'login', ['s1', 's2'], [])), 1
     FROM (SELECT arrayJoin(['login', 'ticket_purchased', 'claim_reward']) AS type)`,
  );
  const figures = { revenue: { EUR: "12.5" }, payouts: { EUR: "12.5" }, tickets: "3", rewards: "3", logins: "3" };
  const old = { ...figures, unique_users: "4", new_sessions: "2" };
  const [hour] = await read("business_per_hour");
  expect(hour).toEqual({ event_hour: "2020-01-01 05:00:00", ...old });
  const [day] = await read("business_daily");
  expect(day).toEqual({ event_date: "2020-01-01", ...old });
  const [window] = await read("business_rolling_24h");
  expect(window).toEqual({ window_end: "2020-01-01 06:00:00", ...old });
  const [money] = await read("revenue_per_hour");
  expect(money).toEqual({ event_hour: "2020-01-01 05:00:00", currency: "EUR", revenue: "12.5", payouts: "12.5" });
});

test("a table that has the name of a view stays, and is named", async () => {
  const metrics = [{ key: "baskets", event_type: "order", aggregation: "count" as const }];
  await db.clickhouse.command("CREATE TABLE baskets_per_hour (n UInt8) ENGINE = MergeTree ORDER BY n AS SELECT 1 AS n");
  const refused = migrate(db.clickhouse, { contract: compileContract([{ ...SHOP, metrics, views: [] }]) });
  await expect(refused).rejects.toMatchObject({ code: "NAME_TAKEN", retry: false });
  expect(await read("baskets_per_hour")).toEqual([{ n: 1 }]);
});

test("another contract brings its views; those of before stay", async () => {
  const report = await migrate(db.clickhouse, { contract: compileContract([SHOP]) });
  expect(report).toEqual({ created: [], applied: [], replaced: [], secured: [] });
  const [view] = SHOP.views ?? [];
  if (view === undefined) throw new Error("the shop has no view");
  const changed = compileContract([{ ...SHOP, views: [{ ...view, comment: "Another" }] }]);
  expect((await migrate(db.clickhouse, { contract: changed })).replaced).toEqual(["shop_totals"]);
  expect(await read("business_per_hour")).not.toEqual([]);
});
