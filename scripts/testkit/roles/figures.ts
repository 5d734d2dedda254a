import type { ClickHouse } from "../../../workers/shared/clickhouse/client.ts";
import {
  encodeLedgerCounts,
  LEDGER_COUNTS_COLUMNS,
  LEDGER_COUNTS_TABLE,
} from "../../../workers/shared/clickhouse/tables/ledger.ts";
import { eventRow, insertEventRows } from "../event-rows.ts";
import type { RoleStore } from "./role-store.ts";

const MINUTE_MS = 60_000;

/** A client of the running role that sends no settings but how numbers are written, as people read. */
export function plainReader(store: RoleStore): ClickHouse {
  const settings = { output_format_json_quote_64bit_integers: 1, output_format_json_quote_decimals: 1 };
  return store.client(store.database, { settings });
}

/** Stores one day of few events as the consumer does: several types and hours, money, logins, copies, a redelivery. */
export async function storeDay(client: ClickHouse, dayMs: number): Promise<void> {
  const at = (minute: number, kafkaOffset: number, fields: Record<string, unknown> = {}) =>
    eventRow({ eventId: crypto.randomUUID(), eventTimeMs: dayMs + minute * MINUTE_MS + 500, kafkaOffset, ...fields });
  const ticket = { source: "lottery", eventType: "ticket_purchased", amountE4: 25_000, currency: "EUR" };
  const login = { source: "lottery", eventType: "login", sessionId: `session-${dayMs}` };
  const click = at(0, 1);
  const rows = [
    click,
    { ...click, kafkaOffset: 2 },
    at(0, 3, { userId: "other" }),
    at(61, 4, ticket),
    at(61, 5, { ...ticket, currency: "USD", amountE4: 10_000 }),
    at(62, 6, login),
    at(1_439, 7, { isLate: true, latencyMs: 40_000 }),
  ];
  await insertEventRows(client, rows);
  // The same block twice, as after a lost commit, and one more event for a minute that is known.
  await insertEventRows(client, rows);
  await insertEventRows(client, [at(0, 8)]);
  const minute = dayMs / 1000;
  const count = {
    kind: "count" as const,
    minute,
    source: "web",
    event_type: "click",
    count: 3,
    checksum: "1",
    unknown: 0,
  };
  const entry = { record: { ...count, instance: `p-${dayMs}` }, offset: 1 };
  await client.insert(LEDGER_COUNTS_TABLE, LEDGER_COUNTS_COLUMNS, encodeLedgerCounts([entry]));
}

const day = (column: string) =>
  `${column} >= toDateTime({day:UInt32}, 'UTC') AND ${column} < toDateTime({day:UInt32} + 86400, 'UTC')`;
const offset = (column: string) => `toUnixTimestamp(${column}) - {day:UInt32} AS at`;

/** What the public views say of one day, with times counted from its start. */
const QUERIES: readonly string[] = [
  `SELECT ${offset("event_minute")}, source, event_type, events, late_events, amounts, unique_users
   FROM events_per_minute WHERE ${day("event_minute")} ORDER BY at, source, event_type`,
  `SELECT ${offset("event_hour")}, source, event_type, events, late_events, unique_users
   FROM events_per_hour WHERE ${day("event_hour")} ORDER BY at, source, event_type`,
  `SELECT ${offset("event_hour")}, revenue, payouts, tickets, unique_users, new_sessions
   FROM business_per_hour WHERE ${day("event_hour")} ORDER BY at`,
  `SELECT revenue, tickets, logins, unique_users, new_sessions
   FROM business_daily WHERE event_date = toDate(toDateTime({day:UInt32}, 'UTC'), 'UTC')`,
  `SELECT ${offset("event_minute")}, received, events, duplicates, redelivered
   FROM duplicates_per_minute WHERE ${day("event_minute")} ORDER BY at`,
  `SELECT count() AS n, sum(amount) AS money, max(toUnixTimestamp64Milli(event_time)) - 1000 * {day:UInt32} AS last
   FROM events WHERE event_time >= toDateTime64({day:UInt32}, 3, 'UTC') AND event_time < toDateTime64({day:UInt32} + 86400, 3, 'UTC')`,
  `SELECT ${offset("event_minute")}, events FROM producer_ledger WHERE ${day("event_minute")} ORDER BY at`,
  "SELECT count() AS n FROM conflicts",
  `SELECT ${offset("event_hour")}, currency, revenue_all_sources
   FROM revenue_all_sources_per_hour WHERE ${day("event_hour")} ORDER BY at, currency`,
];

/** The figures of a day that `storeDay` has filled. */
export async function figuresOf(client: ClickHouse, dayMs: number): Promise<unknown[][]> {
  return Promise.all(QUERIES.map((sql) => client.query(sql, { params: { day: dayMs / 1000 } })));
}
