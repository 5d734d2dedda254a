import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { retryWithBackoff } from "../../shared/runtime/retry.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import { compareHour, type Difference } from "./compare.ts";
import { type Inspection, inspect } from "./inspect.ts";
import { dateGlob, datePrefix, EVENTS_PREFIX, objectKey } from "./layout.ts";
import {
  bySlot,
  type ContentRow,
  completeSince,
  type FileFacts,
  type Range,
  storeContent,
  storeHours,
  touchedDays,
  unsettledHours,
} from "./store.ts";
import type { LakeObject, LakeTarget } from "./target.ts";

const DAY_S = 86_400;

export type VerifyDeps = {
  clickhouse: ClickHouse;
  target: LakeTarget;
  signal: AbortSignal;
  onDay(day: number, days: number, differences: number): void;
  onRetry(error: Error, attempt: number): void;
};

export type VerifyOptions = {
  range: Range;
  retries: number;
  /** Days with differences are compared once more after this, ms: the store's views lag behind its events by seconds. */
  recheckMs: number;
};

export type LakeVerdict = {
  /** Hours, files and events compared. */
  hours: number;
  files: number;
  events: number;
  differences: Difference[];
  /** Hours whose raw events may be gone: compared by counts and checksums of the hourly view only. */
  pastRetention: number;
};

type Day = { differences: Difference[]; hours: number; files: number; events: number; past: number };

/** Reads every file of the range and compares it with the store, day by day. */
export async function verifyLake(deps: VerifyDeps, options: VerifyOptions): Promise<LakeVerdict> {
  const { range } = options;
  const objects = await retrying(deps, options, () => deps.target.list(EVENTS_PREFIX));
  const { slots, foreign } = bySlot(objects);
  const hours = await storeHours(deps.clickhouse, range);
  const lakeHours = [...slots.keys()].filter((hourS) => hourS >= range.fromS && hourS < range.toS);
  const known = [...hours.map(({ hourS }) => hourS), ...lakeHours, ...(await touchedDays(deps.clickhouse, range))];
  const days = [...new Set(known.map(dayOf))].sort((a, b) => a - b);
  const results = new Map<number, Day>();
  for (const [i, dayS] of days.entries()) {
    const day = await retrying(deps, options, () => compareDay(deps, range, dayS));
    results.set(dayS, day);
    deps.onDay(i + 1, days.length, day.differences.length);
  }
  const again = [...results].filter(([, { differences }]) => differences.length > 0).map(([dayS]) => dayS);
  if (again.length > 0) {
    await sleep(options.recheckMs, deps.signal);
    for (const dayS of again) results.set(dayS, await retrying(deps, options, () => compareDay(deps, range, dayS)));
  }
  const all = [...results.values()];
  const sum = (pick: (day: Day) => number) => all.reduce((total, day) => total + pick(day), 0);
  return {
    hours: sum((day) => day.hours),
    files: sum((day) => day.files),
    events: sum((day) => day.events),
    pastRetention: sum((day) => day.past),
    differences: [...all.flatMap((day) => day.differences), ...foreign.map(foreignObject)],
  };
}

async function compareDay({ clickhouse, target }: VerifyDeps, range: Range, dayS: number): Promise<Day> {
  const day = { fromS: Math.max(range.fromS, dayS), toS: Math.min(range.toS, dayS + DAY_S) };
  const inDay = ({ hourS }: { hourS: number }) => hourS >= day.fromS && hourS < day.toS;
  const { facts, unreadable } = await inspectStill(target, dayS);
  const isComplete = async () => dayS >= (await completeSince(clickhouse));
  const content = (await isComplete()) ? await storeContent(clickhouse, day) : undefined;
  // Asked again: the day may have left the retention while its rows were read, and some were gone by right.
  const inRetention = content !== undefined && (await isComplete());
  const stored = inRetention ? content : undefined;
  // After the rows and before the hours' versions: what was stored since the files were read is either not in its hour yet, or
  // has raised the version.
  const unsettled = inRetention ? await unsettledHours(clickhouse, day) : new Set<number>();
  const hours = new Map((await storeHours(clickhouse, day)).map((hour) => [hour.hourS, hour]));
  const broken = bySlot(unreadable).slots;

  const result: Day = { differences: [], hours: 0, files: 0, events: 0, past: 0 };
  const rows = facts.filter(inDay);
  const known = [...hours.values()].filter(({ sources }) => sources.size > 0).map(({ hourS }) => hourS);
  const present = [...rows.map(({ hourS }) => hourS), ...(stored ?? []).map(({ hourS }) => hourS)];
  const brokenHours = [...broken.keys()].filter((hourS) => inDay({ hourS }));
  for (const hourS of [...new Set([...known, ...present, ...brokenHours])].sort((a, b) => a - b)) {
    const ofHour = <T extends { hourS: number; source: string }>(list: readonly T[]) =>
      new Map(list.filter((row) => row.hourS === hourS).map((row) => [row.source, row]));
    const files: Map<string, FileFacts> = ofHour(rows);
    const storeRows: Map<string, ContentRow> | undefined = stored && ofHour(stored);
    const sides = {
      hour: hours.get(hourS),
      stored: storeRows,
      facts: files,
      unreadable: broken.get(hourS) ?? new Map(),
      unsettled: unsettled.has(hourS),
    };
    result.differences.push(...compareHour(hourS, sides, (source) => objectKey(hourS, source)));
    result.hours++;
    result.files += files.size;
    for (const { events } of files.values()) result.events += events;
    if (!inRetention) result.past++;
  }
  return result;
}

/** Files may be replaced while they are read; those of an export that goes on for ever count as missing in the end. */
async function inspectStill(target: LakeTarget, dayS: number): Promise<Inspection> {
  const where = { prefix: datePrefix(dayS), glob: dateGlob(dayS) };
  let found = await inspect(target, where);
  for (let again = 0; again < 3 && found.replaced > 0; again++) found = await inspect(target, where);
  return found;
}

/** When hours were last touched by an insert, Unix ms; hours without a mark are missing. */
export async function lastTouched(clickhouse: ClickHouse, hours: readonly number[]): Promise<Map<number, number>> {
  if (hours.length === 0) return new Map();
  const rows = await clickhouse.query<{ h: number; ms: string }>(
    `SELECT toUnixTimestamp(toStartOfHour(event_minute)) AS h, toString(toUnixTimestamp64Milli(max(touched_at))) AS ms
FROM minute_marks WHERE toStartOfHour(event_minute) IN (SELECT toDateTime(arrayJoin({hours:Array(UInt32)}), 'UTC')) GROUP BY h`,
    { params: { hours } },
  );
  return new Map(rows.map(({ h, ms }) => [Number(h), Number(ms)]));
}

function foreignObject({ key }: LakeObject): Difference {
  return { kind: "foreign", key, detail: "not written by this exporter, but readers will read it", pending: false };
}

function dayOf(hourS: number): number {
  return hourS - (hourS % DAY_S);
}

function retrying<T>(deps: VerifyDeps, options: VerifyOptions, run: () => Promise<T>): Promise<T> {
  return retryWithBackoff(run, {
    minMs: 500,
    maxMs: 15_000,
    retries: options.retries,
    signal: deps.signal,
    onRetry: deps.onRetry,
  });
}
