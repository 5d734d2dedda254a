import type { Reads } from "./reads.ts";

/** How far behind the store is, and how long events take. Milliseconds; undefined: there is nothing to measure. */
export type Freshness = {
  /** Event time of the newest stored event, Unix ms. */
  newestEventMs: number | undefined;
  /** Now less that. */
  ageMs: number | undefined;
  /** From event to store over the events of the last five minutes that did not come late. */
  latencyMs: { p50: number; p95: number; p99: number } | undefined;
  /** Events of the last five minutes, and how many of them were late. */
  recentEvents: number;
  recentLate: number;
};

const RECENT_MS = 5 * 60_000;
const NEAR_MS = 15 * 60_000;

/** Reads the raw table without FINAL: copies of an event change neither the newest time nor, noticeably, the quantiles. */
export async function freshness(reads: Reads, nowMs: number): Promise<Freshness> {
  const time = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;
  const [[recent], newest] = await Promise.all([
    reads.rows<{ q: number[]; n: string; late: string }>(
      "latency",
      `SELECT quantilesIf(0.5, 0.95, 0.99)(latency_ms, NOT is_late) AS q, count() AS n, countIf(is_late) AS late
       FROM events_raw WHERE event_time >= ${time("from")} AND event_time <= ${time("now")}`,
      { from: nowMs - RECENT_MS, now: nowMs },
    ),
    newestEvent(reads, nowMs),
  ]);
  const events = Number(recent?.n ?? 0);
  const late = Number(recent?.late ?? 0);
  const [p50, p95, p99] = recent?.q ?? [];
  const measured = events > late && p50 !== undefined && p95 !== undefined && p99 !== undefined;
  return {
    newestEventMs: newest,
    ageMs: newest === undefined ? undefined : Math.max(0, nowMs - newest),
    latencyMs: measured ? { p50, p95, p99 } : undefined,
    recentEvents: events,
    recentLate: late,
  };
}

/** Of the last quarter of an hour to the millisecond; of older ones the minute, which the marks know at no cost. */
async function newestEvent(reads: Reads, nowMs: number): Promise<number | undefined> {
  const [near] = await reads.rows<{ n: string; t: string }>(
    "newest_event",
    `SELECT count() AS n, toUnixTimestamp64Milli(max(event_time)) AS t FROM events_raw
     WHERE event_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND event_time <= fromUnixTimestamp64Milli({now:Int64}, 'UTC')`,
    { from: nowMs - NEAR_MS, now: nowMs },
  );
  if (near !== undefined && near.n !== "0") return Number(near.t);
  const [marked] = await reads.rows<{ n: string; t: number }>(
    "newest_minute",
    `SELECT count() AS n, toUnixTimestamp(max(event_minute)) AS t FROM minute_marks
     WHERE event_minute <= fromUnixTimestamp64Milli({now:Int64}, 'UTC')`,
    { now: nowMs },
  );
  return marked === undefined || marked.n === "0" ? undefined : marked.t * 1000;
}

/** Open matters an operator should know of. */
export type Backlog = {
  deadLettersHour: number;
  deadLettersOpen: number;
  firingAlerts: number;
  firingCritical: number;
};

export async function backlog(reads: Reads, nowMs: number): Promise<Backlog> {
  const [[letters], [alerts]] = await Promise.all([
    reads.rows<{ hour: string; open: string }>(
      "letters_open",
      `SELECT countIf(append_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AS hour, countIf(replayed_at IS NULL) AS open
       FROM dead_letters`,
      { from: nowMs - 3_600_000 },
    ),
    reads.rows<{ n: string; critical: string }>(
      "alerts_firing",
      "SELECT count() AS n, countIf(severity = 'critical') AS critical FROM alerts WHERE status = 'firing'",
    ),
  ]);
  return {
    deadLettersHour: Number(letters?.hour ?? 0),
    deadLettersOpen: Number(letters?.open ?? 0),
    firingAlerts: Number(alerts?.n ?? 0),
    firingCritical: Number(alerts?.critical ?? 0),
  };
}
