import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { EVENTS_RAW_COLUMNS } from "../../shared/clickhouse/tables/events-raw.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import { retryWithBackoff } from "../../shared/runtime/retry.ts";
import { isUnreadable, LakeStorageError } from "../lake/errors.ts";
import { inspect } from "../lake/inspect.ts";
import { formatHour, hourPrefix, objectKey, type Slot } from "../lake/layout.ts";
import { groupFacts } from "../lake/plan.ts";
import { hourRange } from "../lake/services.ts";
import { bySlot, completeSince, readFacts, recordFacts } from "../lake/store.ts";
import type { LakeObject, LakeTarget } from "../lake/target.ts";

/** Puts rows back into the store that lie in the lake and not in it. */

export type LakeRowsDeps = {
  clickhouse: ClickHouse;
  target: LakeTarget;
  signal: AbortSignal;
  /** Told after each hour. */
  onHour(hourS: number, done: { events: number; added: number }): void;
  /** Something failed and is tried again. */
  onRetry(hourS: number, error: Error, attempt: number): void;
};

/** Hours of the lake, oldest first. Unix seconds. */
export type LakeHours = {
  /** Objects by source. */
  hours: Map<number, Map<string, LakeObject>>;
  /** Hours before the raw retention: the store would drop their rows at once. */
  past: number[];
  /** Keys that this program never writes. */
  foreign: string[];
};

/** What lies in the lake. */
export async function listHours({
  clickhouse,
  target,
}: Pick<LakeRowsDeps, "clickhouse" | "target">): Promise<LakeHours> {
  const horizonS = await completeSince(clickhouse);
  const { slots, foreign } = bySlot(await target.list("events/"));
  const sorted = [...slots].sort(([a], [b]) => a - b);
  return {
    hours: new Map(sorted.filter(([hourS]) => hourS >= horizonS)),
    past: sorted.flatMap(([hourS]) => (hourS < horizonS ? [hourS] : [])),
    foreign: foreign.map(({ key }) => key),
  };
}

export type LakeRowsReport = {
  hours: number;
  /** Events in the files of these hours. */
  events: number;
  /** Rows the store had not. */
  added: number;
  /** Hours that could not be put back whole, and why. */
  left: { hourS: number; reason: string }[];
};

/**
 * Puts back hour after hour, each file whole: that a row is there does not say that the views on inserts have seen it, when the
 * engine was killed or a view failed in between. An hour ends with a count of what of its files the store still lacks, which must
 * be zero, and is then recorded; what this restore has recorded, in any of its runs, is not done again. A bucket that does not
 * answer ends the run.
 */
export async function restoreHours(
  deps: LakeRowsDeps,
  { hours }: LakeHours,
  options: { retries: number },
): Promise<LakeRowsReport> {
  const report: LakeRowsReport = { hours: 0, events: 0, added: 0, left: [] };
  const { clickhouse, target } = deps;
  const sinceMs = await begunSince(clickhouse, target.name);
  const recorded = await readFacts(clickhouse, target.name, hourRange(undefined, undefined), sinceMs);
  const known = groupFacts(recorded.filter(({ version }) => version === RESTORED));
  let stopped: string | undefined;
  for (const [hourS, objects] of hours) {
    if (deps.signal.aborted) stopped = "interrupted";
    const isKnown = (source: string, { etag }: LakeObject) => known.get(hourS)?.get(source)?.has(etag) === true;
    const outcome = stopped ?? (await restoreHour(deps, { hourS, objects, isKnown }, options.retries));
    if (typeof outcome === "string") report.left.push({ hourS, reason: outcome });
    else if (outcome instanceof AppError) {
      if (outcome instanceof LakeStorageError) stopped = "the bucket did not answer";
      report.left.push({ hourS, reason: outcome.message });
    } else {
      report.hours++;
      report.events += outcome.events;
      report.added += outcome.added;
      deps.onHour(hourS, outcome);
    }
  }
  return report;
}

/** The version of a file that was put back: older than whatever this store gives its hour, so the next export writes it again. */
const RESTORED = 0n;

/** When the last restore from this lake ended well, Unix ms of the server; what was recorded since belongs to this one. */
async function begunSince(clickhouse: ClickHouse, lake: string): Promise<number> {
  const rows = await clickhouse.query<{ ms: string }>(
    `SELECT toString(toUnixTimestamp64Milli(max(finished_at))) AS ms FROM lake_runs
WHERE lake = {lake:String} AND command = 'restore' AND outcome = 0`,
    { params: { lake } },
  );
  return Math.max(0, Number(rows[0]?.ms ?? 0));
}

type Hour = {
  hourS: number;
  objects: ReadonlyMap<string, LakeObject>;
  isKnown(source: string, object: LakeObject): boolean;
};

async function restoreHour(
  deps: LakeRowsDeps,
  hour: Hour,
  retries: number,
): Promise<{ events: number; added: number } | AppError | string> {
  const { hourS } = hour;
  try {
    return await retryWithBackoff(() => tryHour(deps, hour), {
      minMs: 500,
      maxMs: 15_000,
      retries,
      signal: deps.signal,
      onRetry: (error, attempt) => deps.onRetry(hourS, error, attempt),
    });
  } catch (error) {
    if (deps.signal.aborted) return "interrupted";
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** @returns what was done, or why the hour is not whole. */
async function tryHour(deps: LakeRowsDeps, { hourS, objects, isKnown }: Hour) {
  const { clickhouse, target } = deps;
  const unknown = new Set([...objects].flatMap(([source, object]) => (isKnown(source, object) ? [] : [object.key])));
  const where = { prefix: hourPrefix(hourS), glob: objectKey(hourS, "*") };
  const { facts, unreadable } = await inspect(target, where, ({ key }) => unknown.has(key));
  if (unreadable.length > 0) return `cannot be read: ${unreadable.map(({ key }) => key).join(", ")}`;
  if (facts.length < unknown.size) return "its files were replaced meanwhile";
  const done = { events: 0, added: 0 };
  for (const [source, { key }] of objects) {
    const slot = { hourS, source };
    try {
      const before = await countMissing(target, key, slot);
      if (unknown.has(key)) {
        await target.query(key, insertAll, {});
        const after = await countMissing(target, key, slot);
        if (after.missing > 0) return `${after.missing} events of ${key} are not in the store after they were inserted`;
      } else if (before.missing > 0)
        return `${before.missing} events of ${key} were lost again after they had been put back`;
      done.events += before.events;
      done.added += before.missing;
    } catch (error) {
      if (isUnreadable(error)) return `cannot be read: ${key}`;
      throw error;
    }
  }
  await recordFacts(
    clickhouse,
    target.name,
    facts.map((fact) => ({ ...fact, version: RESTORED })),
  );
  return done;
}

/**
 * Rows of a file whose event the store lacks, or has only as a copy that was appended later. Bounds are on event_minute,
 * see lake/store.ts.
 */
const missingFrom = (files: string) => `
FROM ${files} AS file
LEFT JOIN
(
  SELECT event_id, toStartOfMinute(event_time) AS minute, event_type,
    min((kafka_append_time, kafka_partition, kafka_offset)) AS first, 1 AS is_stored
  FROM events_raw
  WHERE source = {source:String} AND event_minute >= toDateTime({hour:UInt32}, 'UTC') AND event_minute < toDateTime({hour:UInt32} + 3600, 'UTC')
  GROUP BY event_id, minute, event_type
) AS stored ON stored.event_id = toUUID(file.event_id) AND stored.minute = toStartOfMinute(file.event_time) AND stored.event_type = file.event_type`;

const IS_MISSING = `(stored.is_stored = 0 OR stored.first > (file.kafka_append_time, toUInt32(file.kafka_partition), toUInt64(file.kafka_offset)))`;

async function countMissing(
  target: LakeTarget,
  key: string,
  { hourS, source }: Slot,
): Promise<{ events: number; missing: number }> {
  const sql = (files: string) =>
    `SELECT toString(count()) AS events, toString(countIf(${IS_MISSING})) AS missing ${missingFrom(files)}`;
  const [row] = await target.query<{ events: string; missing: string }>(key, sql, { hour: hourS, source });
  return { events: Number(row?.events ?? 0), missing: Number(row?.missing ?? 0) };
}

function insertAll(files: string): string {
  const columns = EVENTS_RAW_COLUMNS.join(", ");
  return `INSERT INTO events_raw (${columns}) SELECT ${columns} FROM ${files}`;
}

/** What is left, for people: one line an hour, the first ones. */
export function describeLeft(left: LakeRowsReport["left"], shown = 20): string[] {
  const lines = left.slice(0, shown).map(({ hourS, reason }) => `${formatHour(hourS)} not put back: ${reason}`);
  return left.length > shown ? [...lines, `… and ${left.length - shown} more hours`] : lines;
}
