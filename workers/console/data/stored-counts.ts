import type { Clock } from "../../shared/runtime/clock.ts";
import type { Reads } from "./reads.ts";
import type { TimeRange } from "./time-range.ts";

/** Events of one minute, source and type in `events`. */
export type StoredCount = {
  minuteMs: number;
  source: string;
  eventType: string;
  events: number;
  /** Of these, by producers that keep a ledger. */
  ofLedger: number;
};

/** Counts events of a range of whole minutes; @throws when that takes longer than a query may. */
export type StoredCounts = (range: TimeRange) => Promise<StoredCount[]>;

type Minute = { marked: string; countedAtMs: number; counts: StoredCount[] };

/** A minute without new rows is counted anew after this long, so that rows that vanish are noticed too, ms. */
const MAX_AGE_MS = 60_000;
/** Minutes counted by one query. */
const CHUNK = 500;
const MAX_MINUTES = 21_000;

/**
 * Counting raw events costs what there is to count, on every refresh of every page. The marks tell which minutes got rows
 * since they were last counted, and rows become readable before their mark: so a minute whose mark has not changed has not
 * grown, and only the others are counted again. One count at a time; whoever waits finds the work done.
 */
export function createStoredCounts(reads: Reads, clock: Clock): StoredCounts {
  const minutes = new Map<number, Minute>();
  let last: Promise<unknown> = Promise.resolve();

  const count = async (range: TimeRange): Promise<StoredCount[]> => {
    const marks = await reads.rows<{ m: number; n: string }>(
      "live_marks",
      `SELECT toUnixTimestamp(event_minute) AS m, sum(rows_marked) AS n FROM minute_marks
       WHERE event_minute >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
         AND event_minute < fromUnixTimestamp64Milli({to:Int64}, 'UTC') GROUP BY event_minute ORDER BY m DESC`,
      { from: range.fromMs, to: range.toMs },
    );
    const now = clock.now();
    const stale = marks.filter(({ m, n }) => {
      const known = minutes.get(m);
      return known === undefined || known.marked !== n || now - known.countedAtMs > MAX_AGE_MS;
    });
    for (let at = 0; at < stale.length; at += CHUNK) await recount(stale.slice(at, at + CHUNK));
    while (minutes.size > MAX_MINUTES) minutes.delete(minutes.keys().next().value ?? 0);
    return marks.flatMap(({ m }) => minutes.get(m)?.counts ?? []);
  };

  const recount = async (marks: readonly { m: number; n: string }[]) => {
    const times = marks.map(({ m }) => m);
    const rows = await reads.rows<{ m: number; s: string; t: string; n: string; l: string }>(
      "live_stored",
      `SELECT toUnixTimestamp(event_minute) AS m, source AS s, event_type AS t, count() AS n, countIf(producer != '') AS l
       FROM events
       WHERE event_time >= toDateTime64({first:UInt32}, 3, 'UTC') AND event_time < toDateTime64({last:UInt32} + 60, 3, 'UTC')
         AND event_minute IN (SELECT toDateTime(arrayJoin({minutes:Array(UInt32)}), 'UTC'))
       GROUP BY event_minute, source, event_type`,
      { first: Math.min(...times), last: Math.max(...times), minutes: times },
    );
    const countedAtMs = clock.now();
    const fresh = new Map(marks.map(({ m, n }): [number, Minute] => [m, { marked: n, countedAtMs, counts: [] }]));
    for (const { m, s, t, n, l } of rows) {
      fresh
        .get(m)
        ?.counts.push({ minuteMs: m * 1000, source: s, eventType: t, events: Number(n), ofLedger: Number(l) });
    }
    for (const [m, minute] of fresh) {
      minutes.delete(m); // to the end: the order is that of counting
      minutes.set(m, minute);
    }
  };

  return (range) => {
    const next = last.then(() => count(range));
    last = next.catch(() => undefined);
    return next;
  };
}
