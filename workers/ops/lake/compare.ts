import type { ContentRow, FileFacts, StoreHour } from "./store.ts";
import type { LakeObject } from "./target.ts";

/** How a file and the store disagree. */
export type DifferenceKind = "missing" | "differs" | "orphan" | "unreadable" | "foreign";

export type Difference = {
  kind: DifferenceKind;
  /** Key of the object, there or wanted. */
  key: string;
  hourS?: number;
  source?: string;
  storeEvents?: number;
  lakeEvents?: number;
  detail: string;
  /** True when the store's hour changed after the file was written: the next export will settle it. */
  pending: boolean;
};

export type HourSides = {
  /** What the hourly view says; undefined when it does not know the hour. */
  hour: StoreHour | undefined;
  /** Stored events by source; undefined where raw events may be gone and only the hourly view is left. */
  stored: ReadonlyMap<string, ContentRow> | undefined;
  facts: ReadonlyMap<string, FileFacts>;
  unreadable: ReadonlyMap<string, LakeObject>;
  /** The hour has yet to take in what was stored: its version does not tell of that. */
  unsettled: boolean;
};

/** Compares one hour. `keyOf` names the object of a source. */
export function compareHour(hourS: number, sides: HourSides, keyOf: (source: string) => string): Difference[] {
  const { hour, stored, facts, unreadable, unsettled } = sides;
  const expected = stored ?? hour?.sources ?? new Map<string, { events: number; checksum: string }>();
  const sources = new Set([...expected.keys(), ...facts.keys(), ...unreadable.keys()]);
  return [...sources].sort().flatMap((source): Difference[] => {
    const wanted = expected.get(source);
    const file = facts.get(source);
    const base = {
      key: keyOf(source),
      hourS,
      source,
      ...(wanted === undefined ? {} : { storeEvents: wanted.events }),
      ...(file === undefined ? {} : { lakeEvents: file.events }),
    };
    // Without a file the whole hour may be new; with one, its version tells.
    const versions = [...facts.values()].map(({ version }) => version);
    const behind =
      unsettled || (hour !== undefined && stored !== undefined && (file === undefined || file.version < hour.version));
    if (unreadable.has(source)) {
      return [{ ...base, kind: "unreadable", detail: "cannot be read as a file of this hour", pending: false }];
    }
    if (file === undefined) {
      const pending =
        unsettled || (stored !== undefined && (hour === undefined || versions.every((v) => v < hour.version)));
      return [{ ...base, kind: "missing", detail: "no object", pending }];
    }
    if (wanted === undefined) {
      return [{ ...base, kind: "orphan", detail: "the store has no such events", pending: behind }];
    }
    const detail = howDifferent(wanted, file);
    return detail === undefined ? [] : [{ ...base, kind: "differs", detail, pending: behind }];
  });
}

function howDifferent(
  wanted: { events: number; checksum: string; content?: string },
  file: FileFacts,
): string | undefined {
  if (wanted.events !== file.events) return `${wanted.events} stored, ${file.events} in the lake`;
  if (wanted.checksum !== file.checksum) return "other event ids";
  if (wanted.content !== undefined && wanted.content !== file.content) return "same event ids, other content";
  return undefined;
}
