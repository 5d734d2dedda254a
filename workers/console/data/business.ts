import type { Reads } from "./reads.ts";
import type { TimeRange } from "./time-range.ts";

/** Money per currency as decimal text with four decimals, so that nothing is rounded. */
export type Money = Record<string, string>;

/** Figures of the lottery in one hour, in the 24 hours that end at `atMs`, or on one day. */
export type BusinessRow = {
  /** Unix ms: start of the hour or day, or end of the window. */
  atMs: number;
  revenue: Money;
  payouts: Money;
  tickets: number;
  rewards: number;
  logins: number;
  uniqueUsers: number;
  newSessions: number;
};

export const BUSINESS_VIEWS = ["hours", "rolling", "days"] as const;
export type BusinessView = (typeof BUSINESS_VIEWS)[number];

const VIEWS: Record<BusinessView, { table: string; time: string; unix: string }> = {
  hours: { table: "business_per_hour", time: "event_hour", unix: "toUnixTimestamp(event_hour)" },
  rolling: { table: "business_rolling_24h", time: "window_end", unix: "toUnixTimestamp(window_end)" },
  days: { table: "business_daily", time: "event_date", unix: "toUnixTimestamp(toDateTime(event_date, 'UTC'))" },
};

type Raw = {
  t: number;
  revenue: Money;
  payouts: Money;
  tickets: string;
  rewards: string;
  logins: string;
  unique_users: string;
  new_sessions: string;
};

/** Rows of a view within a range, newest first, at most `limit`. */
export async function businessRows(
  reads: Reads,
  view: BusinessView,
  range: TimeRange,
  limit: number,
): Promise<BusinessRow[]> {
  const { table, time, unix } = VIEWS[view];
  const rows = await reads.rows<Raw>(
    `business_${view}`,
    `SELECT ${unix} AS t, revenue, payouts, tickets, rewards, logins, unique_users, new_sessions
     FROM ${table}
     WHERE toDateTime64(${time}, 3, 'UTC') >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
       AND toDateTime64(${time}, 3, 'UTC') < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
     ORDER BY ${time} DESC LIMIT {limit:UInt64}`,
    { from: range.fromMs, to: range.toMs, limit },
  );
  return rows.map((row) => ({
    atMs: row.t * 1000,
    revenue: row.revenue,
    payouts: row.payouts,
    tickets: Number(row.tickets),
    rewards: Number(row.rewards),
    logins: Number(row.logins),
    uniqueUsers: Number(row.unique_users),
    newSessions: Number(row.new_sessions),
  }));
}

/** Currencies in some rows, in alphabetical order. */
export function currenciesOf(rows: readonly BusinessRow[]): string[] {
  return [...new Set(rows.flatMap((row) => [...Object.keys(row.revenue), ...Object.keys(row.payouts)]))].sort();
}
