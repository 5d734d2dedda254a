import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import { retryWithBackoff } from "../../shared/runtime/retry.ts";
import { isPastRetention, LakeStorageError } from "./errors.ts";
import { inspect } from "./inspect.ts";
import { hourPrefix, isPlainSource, objectKey } from "./layout.ts";
import { beginExport } from "./own-lake.ts";
import { groupFacts, type HourPlan, planHour } from "./plan.ts";
import {
  bySlot,
  completeSince,
  countSlot,
  type FileFacts,
  type Range,
  readFacts,
  recordFacts,
  type StoreHour,
  selectSlot,
  serverTime,
  storeHours,
} from "./store.ts";
import type { LakeObject, LakeTarget } from "./target.ts";

export type ExportDeps = { clickhouse: ClickHouse; target: LakeTarget; signal: AbortSignal; events: ExportEvents };

/** Told while an export runs. */
export type ExportEvents = {
  adopted(hourS: number, files: number): void;
  written(hourS: number, facts: readonly FileFacts[], removed: number, elapsedMs: number): void;
  /** Something failed and is tried again. */
  retrying(hourS: number | undefined, error: Error, attempt: number): void;
  /** Another exporter put older files over newer ones; the hour is written again. */
  overtaken(hourS: number): void;
};

export type ExportOptions = {
  range: Range;
  /** Write hours that are clean, too. */
  rewrite: boolean;
  /** Attempts after the first for whatever fails for a time. */
  retries: number;
  /** Hours written at once. */
  parallel: number;
  /** Go on in a lake that another store has filled. */
  adopt: boolean;
};

export type LakePlan = { todo: HourPlan[]; blocked: HourPlan[]; clean: number };

export type ExportReport = {
  hours: number;
  files: number;
  events: number;
  bytes: number;
  removed: number;
  /** Hours that were to be done and were not, with the reason. */
  left: { hourS: number; reason: string }[];
};

/**
 * Compares store, bucket and records, newest hour first. Objects that nobody recorded (a crash came between upload and
 * record) are read and recorded first, unless `record` is false: then they count as unknown.
 */
export async function planExport(deps: ExportDeps, options: ExportOptions, record: boolean): Promise<LakePlan> {
  const { clickhouse, target } = deps;
  const horizonS = await completeSince(clickhouse);
  const objects = await retrying(deps, options, undefined, () => target.list("events/"));
  const { slots } = bySlot(objects);
  const startedMs = await serverTime(clickhouse);
  await beginExport(
    clickhouse,
    { name: target.name, files: [...slots.values()].reduce((sum, { size }) => sum + size, 0) },
    { ...options, record, startedMs },
  );
  const inRange = ([hourS]: [number, unknown]) => hourS >= options.range.fromS && hourS < options.range.toS;
  const listed = new Map([...slots].filter(inRange));
  const known = groupFacts(await readFacts(clickhouse, target.name, options.range));
  if (record) await recordUnknown(deps, options, listed, known);

  const plan: LakePlan = { todo: [], blocked: [], clean: 0 };
  for (const hour of await storeHours(clickhouse, options.range)) {
    if (hour.hourS < horizonS || ![...hour.sources.keys()].every(isPlainSource)) continue;
    let planned = planHour(hour, listed.get(hour.hourS) ?? new Map(), known.get(hour.hourS) ?? new Map());
    if (options.rewrite && hour.sources.size > 0) {
      planned = { hourS: hour.hourS, action: "write", reason: planned?.reason ?? "asked for" };
    }
    if (planned === undefined) plan.clean++;
    else (planned.action === "blocked" ? plan.blocked : plan.todo).push(planned);
  }
  plan.todo.reverse();
  return plan;
}

async function recordUnknown(
  deps: ExportDeps,
  options: ExportOptions,
  listed: ReadonlyMap<number, ReadonlyMap<string, LakeObject>>,
  known: ReturnType<typeof groupFacts>,
): Promise<void> {
  for (const [hourS, sources] of listed) {
    const isUnknown = (source: string, etag: string) => known.get(hourS)?.get(source)?.has(etag) !== true;
    const unknown = new Set([...sources].flatMap(([source, { key, etag }]) => (isUnknown(source, etag) ? [key] : [])));
    if (unknown.size === 0) continue;
    const { facts } = await retrying(deps, options, hourS, () =>
      inspect(deps.target, whereOf(hourS), ({ key }) => unknown.has(key)),
    );
    await recordFacts(deps.clickhouse, deps.target.name, facts);
    for (const [hour, bySource] of groupFacts(facts)) {
      const hourFacts = known.get(hour) ?? new Map<string, Map<string, FileFacts>>();
      known.set(hour, hourFacts);
      for (const [source, etags] of bySource) {
        hourFacts.set(source, new Map([...(hourFacts.get(source) ?? []), ...etags]));
      }
    }
    deps.events.adopted(hourS, facts.length);
  }
}

/** Carries out a plan. What fails for good is left and reported; a bucket that does not answer ends the run. */
export async function runExport(deps: ExportDeps, options: ExportOptions, plan: LakePlan): Promise<ExportReport> {
  const report: ExportReport = { hours: 0, files: 0, events: 0, bytes: 0, removed: 0, left: [] };
  const queue = [...plan.todo];
  let stopped: string | undefined;
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { hourS } = next;
      if (deps.signal.aborted) stopped ??= "interrupted";
      const failure = stopped ?? (await doHour(deps, options, hourS, report));
      if (failure === undefined) continue;
      const reason = typeof failure === "string" ? failure : failure.message;
      if (failure instanceof LakeStorageError) stopped ??= "the bucket did not answer";
      report.left.push({ hourS, reason });
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, work));
  return report;
}

/** Brings one hour up to date; returns why it could not. */
async function doHour(
  deps: ExportDeps,
  options: ExportOptions,
  hourS: number,
  report: ExportReport,
): Promise<AppError | string | undefined> {
  const started = performance.now();
  try {
    for (let round = 0; round < 5; round++) {
      const outcome = await retrying(deps, options, hourS, () => writeHour(deps, hourS));
      if (outcome.kind === "past") return "left the raw retention";
      if (outcome.kind === "short") return outcome.reason;
      report.removed += outcome.removed;
      if (outcome.kind === "overtaken") {
        deps.events.overtaken(hourS);
        continue;
      }
      report.hours++;
      for (const { events, sizeBytes } of outcome.facts) {
        report.files++;
        report.events += events;
        report.bytes += sizeBytes;
      }
      deps.events.written(hourS, outcome.facts, outcome.removed, performance.now() - started);
      return undefined;
    }
    return "other exporters kept writing it";
  } catch (error) {
    if (deps.signal.aborted) return "interrupted";
    if (error instanceof AppError) return error;
    throw error;
  }
}

type HourOutcome =
  | { kind: "done" | "overtaken"; facts: FileFacts[]; removed: number }
  | { kind: "past" }
  | { kind: "short"; reason: string };

/**
 * Writes the files of an hour and records what then lies there. The order matters:
 *  1. read the hour's version, 2. write the rows as they are after that, with the version in them, 3. read the files back,
 *  4. record version and content from the files themselves.
 * A row that comes after 2 raises the version past the one in the file. If somebody else's files lie there in 3, they are
 * recorded as theirs. If this upload was slow and went over newer files, the records show a newer version: write again.
 */
async function writeHour(deps: ExportDeps, hourS: number): Promise<HourOutcome> {
  const { clickhouse, target } = deps;
  const startedMs = await serverTime(clickhouse);
  const [hour] = await storeHours(clickhouse, { fromS: hourS, toS: hourS + 3600 });
  if (hour === undefined) return { kind: "done", facts: [], removed: 0 };
  try {
    for (const [source, { events }] of hour.sources) {
      const slot = { hourS, source };
      // Rows that were lost, or are being deleted: an hour written from the rest would replace a good file by a poor one.
      const stored = await countSlot(clickhouse, slot);
      if (stored < events)
        return { kind: "short", reason: `the store holds ${stored} of ${events} events of ${source}` };
      await target.write(slot, selectSlot(slot, hour.version));
    }
  } catch (error) {
    if (isPastRetention(error)) return { kind: "past" };
    throw error;
  }
  const { facts } = await inspect(target, whereOf(hourS));
  await recordFacts(clickhouse, target.name, facts);
  const removed = await removeEmptied(deps, hour, facts);
  // Whatever was recorded before the version was read is not newer than that version.
  const recorded = await readFacts(clickhouse, target.name, { fromS: hourS, toS: hourS + 3600 }, startedMs - 5_000);
  const newest = (source: string) =>
    recorded.reduce((max, fact) => (fact.source === source && fact.version > max ? fact.version : max), hour.version);
  const current = [...hour.sources.keys()].every((source) => {
    const fact = facts.find((candidate) => candidate.source === source);
    return fact !== undefined && fact.version >= newest(source);
  });
  const kept = facts.filter((fact) => !removed.includes(fact));
  return { kind: current ? "done" : "overtaken", facts: kept, removed: removed.length };
}

/**
 * Removes the files of sources that had no event left at the hour's version, unless they are from a later one, or the store
 * holds events of them that its views do not show yet.
 */
async function removeEmptied(
  { clickhouse, target }: ExportDeps,
  hour: StoreHour,
  facts: readonly FileFacts[],
): Promise<FileFacts[]> {
  const emptied: FileFacts[] = [];
  for (const fact of facts) {
    if (hour.sources.has(fact.source) || fact.version >= hour.version) continue;
    if ((await countSlot(clickhouse, fact)) === 0) emptied.push(fact);
  }
  await target.remove(emptied.map(({ hourS, source }) => objectKey(hourS, source)));
  return emptied;
}

function whereOf(hourS: number) {
  return { prefix: hourPrefix(hourS), glob: objectKey(hourS, "*") };
}

function retrying<T>(deps: ExportDeps, options: ExportOptions, hourS: number | undefined, run: () => Promise<T>) {
  return retryWithBackoff(run, {
    minMs: 500,
    maxMs: 15_000,
    retries: options.retries,
    signal: deps.signal,
    onRetry: (error, attempt) => deps.events.retrying(hourS, error, attempt),
  });
}
