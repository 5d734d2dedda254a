import { type Comparison, compareCounts } from "./compare-counts.ts";
import { isOverLimit, type Reads } from "./reads.ts";
import type { Standing } from "./standing.ts";
import type { StoredCount, StoredCounts } from "./stored-counts.ts";
import type { TimeRange } from "./time-range.ts";

/** What the live figures are read with. */
export type LiveDeps = { reads: Reads; storedCounts: StoredCounts; standing: Standing };

/** How fine the rows of a table are. */
export const GROUPINGS = ["total", "source", "type"] as const;
export type Grouping = (typeof GROUPINGS)[number];

export type LiveFilter = TimeRange & { source?: string | undefined; eventType?: string | undefined };

/** One bucket as producers, raw events and the view have it. */
export type LiveRow = {
  minuteMs: number;
  /** Empty when added up over sources or types. */
  source: string;
  eventType: string;
  /** Acknowledged, by the producers' ledger. */
  produced: number;
  /** Sends of which it is unknown whether they are in the topic. */
  unknown: number;
  /** In `events`; undefined when it could not be counted. */
  stored: number | undefined;
  /** Of these, events of producers that keep a ledger. */
  storedOfLedger: number | undefined;
  /** In `events_per_minute`. */
  shown: number;
  lateEvents: number;
  sizeBytes: number;
  comparison: Comparison;
};

/** The same over a whole range. */
export type LiveTotals = Omit<LiveRow, "minuteMs" | "source" | "eventType" | "comparison">;

const COLUMNS: Record<Grouping, { list: string; empty: string }> = {
  total: { list: "event_minute", empty: ", '' AS s, '' AS t" },
  source: { list: "event_minute, source", empty: ", source AS s, '' AS t" },
  type: { list: "event_minute, source, event_type", empty: ", source AS s, event_type AS t" },
};

function conditions(filter: LiveFilter, minute: string): { sql: string; params: Record<string, unknown> } {
  const parts = [
    `${minute} >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')`,
    `${minute} < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`,
  ];
  if (filter.source !== undefined) parts.push("source = {source:String}");
  if (filter.eventType !== undefined) parts.push("event_type = {type:String}");
  return {
    sql: parts.join(" AND "),
    params: {
      from: filter.fromMs,
      to: filter.toMs,
      ...(filter.source === undefined ? {} : { source: filter.source }),
      ...(filter.eventType === undefined ? {} : { type: filter.eventType }),
    },
  };
}

type KeyColumns = { m: number; s: string; t: string };

/** Per minute what was produced, stored and shown; newest first. `settledMs`: younger minutes may still move. */
export async function liveRows(
  { reads, storedCounts, standing }: LiveDeps,
  filter: LiveFilter,
  grouping: Grouping,
  judge: { nowMs: number; settleMs: number },
): Promise<LiveRow[]> {
  const { list, empty } = COLUMNS[grouping];
  const minute = conditions(filter, "event_minute");
  const key = `toUnixTimestamp(event_minute) AS m${empty}`;
  const consumed = standing.consumed();
  const [produced, stored, shown] = await Promise.all([
    reads.rows<KeyColumns & { n: string; u: string }>(
      "live_produced",
      `SELECT ${key}, sum(events) AS n, sum(unknown) AS u FROM producer_ledger WHERE ${minute.sql} GROUP BY ${list}`,
      minute.params,
    ),
    orUncounted(storedCounts(filter)),
    reads.rows<KeyColumns & { n: string; late: string; size: string }>(
      "live_shown",
      `SELECT ${key}, sum(events) AS n, sum(late_events) AS late, sum(size_bytes) AS size
       FROM events_per_minute WHERE ${minute.sql} GROUP BY ${list}`,
      minute.params,
    ),
  ]);
  // After the counts: a day that has left the retention meanwhile may have been counted without its rows.
  const rawFromMs = await rawHorizonMs(reads);
  const rows = new Map<string, LiveRow>();
  const at = (columns: KeyColumns): LiveRow => {
    const name = `${columns.m}|${columns.s}|${columns.t}`;
    const found = rows.get(name) ?? emptyRow(columns, stored !== undefined && columns.m * 1000 >= rawFromMs);
    rows.set(name, found);
    return found;
  };
  for (const row of produced) Object.assign(at(row), { produced: Number(row.n), unknown: Number(row.u) });
  for (const row of shown) {
    Object.assign(at(row), { shown: Number(row.n), lateEvents: Number(row.late), sizeBytes: Number(row.size) });
  }
  for (const row of matching(stored ?? [], filter)) {
    if (row.minuteMs < rawFromMs) continue;
    const key = { m: row.minuteMs / 1000, s: grouping === "total" ? "" : row.source };
    const entry = at({ ...key, t: grouping === "type" ? row.eventType : "" });
    entry.stored = (entry.stored ?? 0) + row.events;
    entry.storedOfLedger = (entry.storedOfLedger ?? 0) + row.ofLedger;
  }
  const all = [...rows.values()];
  for (const row of all) row.comparison = compareCounts(row, judge.nowMs - (row.minuteMs + 60_000) < judge.settleMs);
  const differing = all.filter(({ comparison }) => comparison === "different");
  for (const [row, word] of await standing.judge(filter, differing, consumed)) row.comparison = word;
  return all.sort(
    (a, b) =>
      b.minuteMs - a.minuteMs || a.source.localeCompare(b.source, "en") || a.eventType.localeCompare(b.eventType, "en"),
  );
}

function emptyRow({ m, s, t }: KeyColumns, counted: boolean): LiveRow {
  return {
    minuteMs: m * 1000,
    source: s,
    eventType: t,
    produced: 0,
    unknown: 0,
    stored: counted ? 0 : undefined,
    storedOfLedger: counted ? 0 : undefined,
    shown: 0,
    lateEvents: 0,
    sizeBytes: 0,
    comparison: "equal",
  };
}

/** Sums over a range. */
export async function liveTotals(
  { reads, storedCounts }: Omit<LiveDeps, "standing">,
  filter: LiveFilter,
): Promise<LiveTotals> {
  const minute = conditions(filter, "event_minute");
  const [[produced], stored, [shown], rawFromMs] = await Promise.all([
    reads.rows<{ n: string; u: string }>(
      "live_total_produced",
      `SELECT sum(events) AS n, sum(unknown) AS u FROM producer_ledger WHERE ${minute.sql}`,
      minute.params,
    ),
    orUncounted(storedCounts(filter)),
    reads.rows<{ n: string; late: string; size: string }>(
      "live_total_shown",
      `SELECT sum(events) AS n, sum(late_events) AS late, sum(size_bytes) AS size FROM events_per_minute WHERE ${minute.sql}`,
      minute.params,
    ),
    rawHorizonMs(reads),
  ]);
  const counted = stored && filter.fromMs >= rawFromMs ? matching(stored, filter) : undefined;
  const sum = (of: (row: StoredCount) => number) => counted?.reduce((total, row) => total + of(row), 0);
  return {
    produced: Number(produced?.n ?? 0),
    unknown: Number(produced?.u ?? 0),
    stored: sum((row) => row.events),
    storedOfLedger: sum((row) => row.ofLedger),
    shown: Number(shown?.n ?? 0),
    lateEvents: Number(shown?.late ?? 0),
    sizeBytes: Number(shown?.size ?? 0),
  };
}

const matching = (rows: readonly StoredCount[], { source, eventType }: LiveFilter) =>
  rows.filter(
    (row) =>
      (source === undefined || row.source === source) && (eventType === undefined || row.eventType === eventType),
  );

/** Counting raw events is the one query that grows with the events; without it the page is poorer, not useless. */
async function orUncounted<T>(query: Promise<T>): Promise<T | undefined> {
  try {
    return await query;
  } catch (error) {
    if (isOverLimit(error)) return undefined;
    throw error;
  }
}

/** Raw events are complete since then, Unix ms. */
async function rawHorizonMs(reads: Reads): Promise<number> {
  const [row] = await reads.rows<{ t: number }>(
    "raw_horizon",
    "SELECT toUnixTimestamp(complete_since) AS t FROM raw_horizon",
  );
  return (row?.t ?? 0) * 1000;
}

/** Columns for a chart, one value a minute, every minute of the range present. Times are Unix seconds, ascending. */
export type LiveSeries = { times: number[]; produced: number[]; shown: number[]; sources: Record<string, number[]> };

export async function liveSeries(reads: Reads, range: TimeRange): Promise<LiveSeries> {
  const { sql, params } = conditions(range, "event_minute");
  const [produced, shown] = await Promise.all([
    reads.rows<{ m: number; n: string }>(
      "series_produced",
      `SELECT toUnixTimestamp(event_minute) AS m, sum(events) AS n FROM producer_ledger WHERE ${sql} GROUP BY event_minute`,
      params,
    ),
    reads.rows<{ m: number; s: string; n: string }>(
      "series_shown",
      `SELECT toUnixTimestamp(event_minute) AS m, source AS s, sum(events) AS n
       FROM events_per_minute WHERE ${sql} GROUP BY event_minute, source`,
      params,
    ),
  ]);
  const first = Math.floor(range.fromMs / 60_000) * 60;
  const length = Math.max(0, Math.ceil((range.toMs / 1000 - first) / 60));
  const zeros = () => new Array<number>(length).fill(0);
  const series: LiveSeries = {
    times: Array.from({ length }, (_, i) => first + i * 60),
    produced: zeros(),
    shown: zeros(),
    sources: {},
  };
  const add = (values: number[], minute: number, count: string) => {
    const i = (minute - first) / 60;
    if (values[i] !== undefined) values[i] += Number(count);
  };
  for (const row of produced) add(series.produced, row.m, row.n);
  for (const source of [...new Set(shown.map((row) => row.s))].sort()) series.sources[source] = zeros();
  for (const row of shown) {
    add(series.shown, row.m, row.n);
    add(series.sources[row.s] ?? [], row.m, row.n);
  }
  return series;
}
