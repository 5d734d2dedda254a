import type { FileFacts, StoreHour } from "./store.ts";
import type { LakeObject } from "./target.ts";

/** What is to be done for one hour. */
export type HourPlan = {
  hourS: number;
  /** `blocked`: the lake holds an hour from a later version than the store's, as after a restore of an old backup. */
  action: "write" | "remove" | "blocked";
  reason: string;
};

/** Facts by etag of one hour, per source. */
export type KnownFiles = ReadonlyMap<string, ReadonlyMap<string, FileFacts>>;

/**
 * Decides for an hour what its files need. Pure, and free of memory: it compares what the store says, what lies in the
 * lake (by a listing), and what is known of exactly these objects.
 *
 * An hour is clean when every source with events has an object that was read back, that was written from the store's
 * present version of the hour, and that holds as many events with the same checksum; and no other source has an object.
 * A row the file does not hold raises the version after the file's version was read, so "clean" is never said in error;
 * saying "dirty" in error costs one more upload.
 */
export function planHour(
  store: StoreHour,
  objects: ReadonlyMap<string, LakeObject>,
  known: KnownFiles,
): HourPlan | undefined {
  let reason: string | undefined;
  for (const [source, wanted] of store.sources) {
    const object = objects.get(source);
    const facts = object === undefined ? undefined : known.get(source)?.get(object.etag);
    if (facts !== undefined && facts.version > store.version) {
      return { hourS: store.hourS, action: "blocked", reason: "newer than the store" };
    }
    reason ??= whyDirty(store.version, wanted, object, facts);
  }
  if (reason !== undefined) return { hourS: store.hourS, action: "write", reason };
  const emptied = [...objects.keys()].some((source) => !store.sources.has(source));
  return emptied ? { hourS: store.hourS, action: "remove", reason: "emptied" } : undefined;
}

function whyDirty(
  version: bigint,
  wanted: { events: number; checksum: string },
  object: LakeObject | undefined,
  facts: FileFacts | undefined,
): string | undefined {
  if (object === undefined) return "not exported";
  if (facts === undefined) return "unknown object";
  if (facts.version !== version) return "touched since";
  if (facts.events !== wanted.events || facts.checksum !== wanted.checksum) return "content differs";
  return undefined;
}

/** Facts grouped for {@link planHour}: hour → source → etag. */
export function groupFacts(facts: readonly FileFacts[]): Map<number, Map<string, Map<string, FileFacts>>> {
  const hours = new Map<number, Map<string, Map<string, FileFacts>>>();
  for (const fact of facts) {
    const sources = hours.get(fact.hourS) ?? new Map<string, Map<string, FileFacts>>();
    hours.set(fact.hourS, sources);
    const etags = sources.get(fact.source) ?? new Map<string, FileFacts>();
    sources.set(fact.source, etags.set(fact.etag, fact));
  }
  return hours;
}
