import { type MinuteState, readMinuteStates } from "../../shared/clickhouse/minute-states.ts";
import type { Clock } from "../../shared/runtime/clock.ts";
import type { Counts } from "./compare-counts.ts";
import type { Lag } from "./lag.ts";
import type { Reads } from "./reads.ts";

/** Counts of a bucket; source and type are empty where it is of all of them that the filter lets through. */
type Row = Counts & { minuteMs: number; source: string; eventType: string };
type Filter = { source?: string | undefined; eventType?: string | undefined };

/** Of rows whose counts differ, those that differ for good. What is still on its way is no difference. */
export type Standing = <R extends Row>(filter: Filter, differing: readonly R[]) => Promise<ReadonlySet<R>>;

/** A look at a row: its counts, and the recomputation that the view had nothing to add to; undefined: it had. */
type Look = { counts: string; version: string | undefined; sinceMs: number; lastMs: number };

/** Counts that stand still this long differ, ms; a page looks every few seconds. */
const STANDS_MS = 10_000;
/** Rows that nobody asks about any more, ms. */
const FORGET_MS = 600_000;
const MINUTES_PER_QUERY = 500;

/**
 * Producers' ledger, events and views are read at different moments, and an event may come days late. Counts differ for good
 * when they have stood still from one look to another, and the view had nothing to recompute in that minute after either of
 * them: then nothing can have come in between. Where less is stored than was acknowledged, the consumers must have committed
 * since all that Kafka had then.
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
    // A minute that nothing was ever stored in has no state.
    const version = state === undefined && stored === 0 && shown === 0 ? "" : state?.clean ? state.version : undefined;
    const last = looks.get(id);
    const stood = last?.counts === counts && last.version !== undefined && last.version === version;
    const sinceMs = stood ? last.sinceMs : nowMs;
    looks.set(id, { counts, version, sinceMs, lastMs: nowMs });
    return sinceMs;
  };

  return async (filter, differing) => {
    const nowMs = clock.now();
    for (const [id, { lastMs }] of looks) if (nowMs - lastMs > FORGET_MS) looks.delete(id);
    const states = await readStates([...new Set(differing.map(({ minuteMs }) => minuteMs / 1000))]);
    const current = lag();
    const caughtUpMs = current !== undefined && "messages" in current ? current.caughtUpMs : undefined;
    const real = differing.filter((row) => {
      const sinceMs = note(filter, row, states.get(row.minuteMs / 1000), nowMs);
      const isShort = (row.storedOfLedger ?? row.shown) < row.produced;
      return nowMs - sinceMs >= standsMs && (!isShort || (caughtUpMs !== undefined && caughtUpMs >= sinceMs));
    });
    return new Set(real);
  };
}
