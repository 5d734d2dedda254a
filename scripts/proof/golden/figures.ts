import { transformRecord } from "../../../workers/consumer/transform.ts";
import type { ClickHouse } from "../../../workers/shared/clickhouse/client.ts";
import type { EventRow } from "../../../workers/shared/clickhouse/tables/events-raw.ts";
import { insertEventRows } from "../../testkit/index.ts";
import { CORPUS_MS, simulated } from "./corpus.ts";
import { hashOf } from "./golden.ts";
import { LATE_AFTER_MS, LIMITS, PROCESSED_AFTER_MS } from "./observe.ts";

const DAY_MS = 86_400_000;

/** The columns that are remembered of each view: later ones may stand beside them. */
const VIEWS = {
  events_per_minute:
    "event_minute, source, event_type, events, checksum, size_bytes, late_events, amounts, unique_users",
  events_per_hour: "event_hour, source, event_type, events, checksum, size_bytes, late_events, amounts, unique_users",
  business_per_hour: "event_hour, revenue, payouts, tickets, rewards, logins, unique_users, new_sessions",
  business_daily: "event_date, revenue, payouts, tickets, rewards, logins, unique_users, new_sessions",
  business_rolling_24h: "window_end, revenue, payouts, tickets, rewards, logins, unique_users, new_sessions",
  revenue_per_hour: "event_hour, currency, revenue, payouts",
} as const;

/** Number of rows and hash of them, by view. */
export type Figures = Readonly<Record<string, { rows: number; hash: string }>>;

/** So many days later the corpus happens in the store, ms: within its retention, whatever the day. */
export const shiftMs = (nowMs: number) => (Math.floor(nowMs / DAY_MS) - Math.floor(CORPUS_MS / DAY_MS) - 5) * DAY_MS;

/** Stores 27 hours of simulated events; resolves with how many events they are, each counted once. */
export async function storeEvents(clickhouse: Pick<ClickHouse, "insert">, byMs: number): Promise<number> {
  const config = { ...LIMITS, lateAfterMs: LATE_AFTER_MS };
  const rows = simulated({ seed: "golden figures", count: 5_000, ratePerSecond: 0.05 }).flatMap(
    ({ record, partition }): EventRow[] => {
      const result = transformRecord(record, partition, config, record.appendTimeMs + PROCESSED_AFTER_MS);
      return result.kind === "ok" ? [result.value] : [];
    },
  );
  const shifted = rows.map((row) => ({
    ...row,
    eventTimeMs: row.eventTimeMs + byMs,
    receivedTimeMs: row.receivedTimeMs + byMs,
    kafkaAppendTimeMs: row.kafkaAppendTimeMs + byMs,
  }));
  // A day an insert, as the consumer does it.
  const byDay = Object.groupBy(shifted, ({ eventTimeMs }) => String(Math.floor(eventTimeMs / DAY_MS)));
  for (const day of Object.values(byDay)) await insertEventRows(clickhouse, day ?? []);
  return new Set(rows.map(({ eventId }) => eventId)).size;
}

/** Whether minutes and hours have counted all events. */
export async function areCounted(clickhouse: ClickHouse, events: number): Promise<boolean> {
  const [counted] = await clickhouse.query<{ minutes: string; hours: string }>(
    `SELECT (SELECT toString(sum(events)) FROM events_per_minute) AS minutes,
            (SELECT toString(sum(events)) FROM events_per_hour) AS hours`,
  );
  return counted?.minutes === String(events) && counted.hours === String(events);
}

/** All rows of the views as sorted JSON, with the times of the corpus. */
export async function readFigures(clickhouse: ClickHouse, byMs: number): Promise<Figures> {
  const figures: Record<string, Figures[string]> = {};
  for (const [view, columns] of Object.entries(VIEWS)) {
    const rows = await clickhouse.query<Record<string, unknown>>(`SELECT ${columns} FROM ${view}`);
    const lines = rows.map((row) => JSON.stringify(row, (_, value) => unshifted(value, byMs))).sort();
    figures[view] = { rows: lines.length, hash: hashOf(lines) };
  }
  return figures;
}

/** A day or second of the store as that of the corpus; any other value as it is. */
function unshifted(value: unknown, byMs: number): unknown {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?$/.test(value)) return value;
  const iso = value.length === 10 ? `${value}T00:00:00Z` : `${value.replace(" ", "T")}Z`;
  return new Date(Date.parse(iso) - byMs).toISOString();
}
