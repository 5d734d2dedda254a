import { type MinuteState, readMinuteStates } from "../../shared/clickhouse/minute-states.ts";
import type { Clock } from "../../shared/runtime/clock.ts";
import type { Comparison, Counts } from "./compare-counts.ts";
import type { Lag } from "./lag.ts";
import type { Reads } from "./reads.ts";

/** Counts of a bucket; source and type are empty where it is of all of them that the filter lets through. */
type Row = Counts & { minuteMs: number; source: string; eventType: string };
type Filter = { source?: string | undefined; eventType?: string | undefined };

/** Judges counts that differ when they are read. */
export type Standing = {
  /** What has been consumed by now; to be asked for before the counts are read. */
  consumed(): Consumed;
  /** What each row is that differs: `different` for good, `unknown`, or still `in_flight`. */
  judge<R extends Row>(filter: Filter, differing: readonly R[], consumed: Consumed): Promise<Map<R, Comparison>>;
};

/** Up to when (Unix ms) all that Kafka had of events and of the ledger is in the store; undefined: not known. */
export type Consumed = { eventsMs: number | undefined; ledgerMs: number | undefined };

/** A look at a row: its counts, and the recomputation that the view had nothing to add to; undefined: it had. */
type Look = { counts: string; version: string | undefined; sinceMs: number };

/** Counts that stand still this long differ, ms; a page looks every few seconds. */
const STANDS_MS = 10_000;
/** Producers publish what they saw acknowledged within a second, ms. */
const LEDGER_LAG_MS = 5_000;
/** Looks that are remembered; the oldest go first. */
const MAX_LOOKS = 50_000;
/** A producer that has not published for so long was killed, ms. */
const DEAD_AFTER_MS = 15_000;
const MINUTES_PER_QUERY = 500;

/**
 * Producers' ledger, events and views are read at different moments, and an event may come days late. Counts differ for good
 * when they have stood still from one look to another, and the view had nothing to recompute in that minute after either of
 * them: then nothing can have come in between. Where less is stored than was acknowledged, the consumers must have committed
 * since all that Kafka had then, and where more is, the ledger must be copied; what killed producers have not published any
 * more stays unknown.
 */
export function createStanding(
  reads: Reads,
  { clock, lag }: { clock: Clock; lag: () => Lag | undefined },
  standsMs = STANDS_MS,
): Standing {
  const looks = new Map<string, Look>();

  const readStates = async (minutes: readonly number[]): Promise<ReadonlyMap<number, MinuteState>> => {
    const states = new Map<number, MinuteState>();
    for (let at = 0; at < minutes.length; at += MINUTES_PER_QUERY) {
      const some = minutes.slice(at, at + MINUTES_PER_QUERY);
      const query = <T>(sql: string, { params }: { params: Record<string, unknown> }) =>
        reads.rows<T>("minute_states", sql, params);
      for (const [minute, state] of await readMinuteStates(query, some)) states.set(minute, state);
    }
    return states;
  };

  /** Notes a look at a row; answers since when it has stood still, Unix ms. */
  const note = (filter: Filter, row: Row, state: MinuteState | undefined, nowMs: number): number => {
    const { minuteMs, source, eventType, produced, unknown, stored, storedOfLedger, shown } = row;
    const id = [filter.source, filter.eventType, minuteMs, source, eventType].join("|");
    const counts = [produced, unknown, stored, storedOfLedger, shown].join("|");
    // Without a mark there is nothing to recompute: nothing was stored, or it is long ago.
    const version = state === undefined ? "" : state.clean ? state.version : undefined;
    const last = looks.get(id);
    const stood = last?.counts === counts && last.version !== undefined && last.version === version;
    const sinceMs = stood ? last.sinceMs : nowMs;
    looks.delete(id); // to the end: the order is that of the last look
    looks.set(id, { counts, version, sinceMs });
    while (looks.size > MAX_LOOKS) looks.delete(looks.keys().next().value ?? "");
    return sinceMs;
  };

  /** Whether a row has events of producers that were killed: their ledgers may lack the last of them. */
  const createKilled = async (rows: readonly Row[], nowMs: number): Promise<(row: Row) => boolean> => {
    if (rows.length === 0) return () => false;
    const found = await reads.rows<{ m: number; s: string; t: string }>(
      "killed_producers",
      `SELECT DISTINCT toUnixTimestamp(event_minute) AS m, source AS s, event_type AS t FROM events_raw
       WHERE event_minute IN (SELECT toDateTime(arrayJoin({minutes:Array(UInt32)}), 'UTC')) AND producer != ''
         AND producer NOT IN (SELECT instance FROM producer_instances
           WHERE state = 'closed' OR (state = 'open' AND toUnixTimestamp64Milli(updated_at) >= {alive:Int64}))`,
      { minutes: rows.map(minuteOf), alive: nowMs - DEAD_AFTER_MS },
    );
    const covers = (whole: string, part: string) => whole === "" || whole === part;
    return (row) =>
      found.some(({ m, s, t }) => m === minuteOf(row) && covers(row.source, s) && covers(row.eventType, t));
  };

  return {
    consumed: () => {
      const current = lag();
      if (current === undefined || "error" in current) return { eventsMs: undefined, ledgerMs: undefined };
      return { eventsMs: current.caughtUpMs, ledgerMs: current.ledgerCaughtUpMs };
    },
    judge: async (filter, differing, { eventsMs = -1, ledgerMs = -1 }) => {
      const nowMs = clock.now();
      const states = await readStates([...new Set(differing.map(minuteOf))]);
      const standing = differing.filter((row) => {
        const sinceMs = note(filter, row, states.get(minuteOf(row)), nowMs);
        if (nowMs - sinceMs < standsMs) return false;
        const surplus = (row.storedOfLedger ?? row.shown) - row.produced;
        return surplus < 0 ? eventsMs >= sinceMs : surplus === 0 || ledgerMs >= sinceMs + LEDGER_LAG_MS;
      });
      const ofViews = ({ stored, shown }: Row) => stored !== undefined && stored !== shown;
      const isSurplus = (row: Row) => !ofViews(row) && (row.storedOfLedger ?? 0) > row.produced;
      const isOfKilled = await createKilled(standing.filter(isSurplus), nowMs);
      const words = new Map(differing.map((row): [typeof row, Comparison] => [row, "in_flight"]));
      for (const row of standing) words.set(row, isSurplus(row) && isOfKilled(row) ? "unknown" : "different");
      return words;
    },
  };
}

const minuteOf = ({ minuteMs }: Row) => minuteMs / 1000;
