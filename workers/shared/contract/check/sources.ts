import type { AttributeDoc, ContractDocument, EnvelopeAttribute, Match } from "../document.ts";
import type { DocumentPath } from "../mistake.ts";
import { parsePath } from "../path.ts";
import { COUNTINGHOUSE, matchOf } from "../presets.ts";
import type { CheckedFile } from "./checked-file.ts";

/** What a header or field of a message of a source may be. */
type Allowed = {
  readonly absent: boolean /** Undefined: any value. */;
  readonly values: ReadonlySet<string> | undefined;
};

const MAX_TYPES = 1_000;
const MAX_TYPES_IN_ALL = 2_000;

/** Judges sources: their number of types, what they match, and that no message can be of two. */
export function checkSources(files: readonly CheckedFile[]): void {
  const sources = files.filter(({ document }) => document.source !== undefined);
  checkUnique(sources);
  checkCounts(sources);
  for (const file of sources) checkMatch(file);
  for (const file of files) checkFileWithoutSource(file);
  for (const [index, file] of sources.entries())
    for (const other of sources.slice(0, index)) {
      const isJudged = ![file, other].some((one) => one.isPartial(["match"]) || one.isPartial(["envelope"]));
      if (isJudged && file.document.source !== other.document.source) checkDisjoint(file, other);
    }
}

function checkUnique(sources: readonly CheckedFile[]): void {
  const seen = new Map<string, string>();
  for (const { document, report, name } of sources) {
    const { source = "" } = document;
    const first = seen.get(source);
    if (first === undefined) seen.set(source, name);
    else
      report(
        ["source"],
        "KEY_TWICE",
        `${source} is declared in ${first} too`,
        "one file a source: merge them or rename one",
      );
  }
}

function checkCounts(sources: readonly CheckedFile[]): void {
  let all = 0;
  for (const { document, report, isPartial } of sources) {
    const types = Object.keys(document.types ?? {});
    const tooMany = (index: number, count: string) =>
      report(
        ["types", types[index] ?? ""],
        "TOO_MANY",
        `is one type more than ${count}`,
        "declare the types that differ in their data and let a column tell the rest apart",
        { key: true },
      );
    if (types.length > MAX_TYPES) tooMany(MAX_TYPES, `${MAX_TYPES} of a source`);
    else if (all <= MAX_TYPES_IN_ALL && all + types.length > MAX_TYPES_IN_ALL)
      tooMany(MAX_TYPES_IN_ALL - all, `${MAX_TYPES_IN_ALL} of all sources`);
    all += types.length;
    if (types.length === 0 && !isPartial(["types"]))
      report(["source"], "MISSING_KEY", "a source without types accepts nothing", "add types: {NAME: {}}");
  }
}

/** Keys that say something about a source. */
const OF_SOURCES = ["match", "envelope", "unknown_types", "duplicate_keys", "types", "title"] as const;

function checkFileWithoutSource({ document, report, isPartial }: CheckedFile): void {
  if (document.source !== undefined || isPartial(["source"])) return;
  for (const key of OF_SOURCES)
    if (document[key] !== undefined)
      report([key], "MISSING_KEY", `${key} belongs to a source, and this file names none`, "add source: NAME", {
        key: true,
      });
}

function checkMatch({ document, report, place }: CheckedFile): void {
  for (const [index, condition] of (document.match ?? []).entries()) {
    const at = place("match", index);
    if (!("path" in condition)) continue;
    if ((parsePath(condition.path) ?? []).length === 0)
      report(
        [...at, "path"],
        "PATH_IMPOSSIBLE",
        `${condition.path} is no path to one field`,
        "write it as in $.source",
      );
    const says = [condition.equals !== undefined, condition.absent === true].filter(Boolean).length;
    if (says === 2)
      report([...at, "absent"], "WRONG_VALUE", "a field that is absent equals nothing", "remove equals or absent");
    if (condition.default === true && condition.equals === undefined)
      report([...at, "default"], "WRONG_VALUE", "default goes with equals", "add equals, or remove default");
  }
  for (const [key, allowed] of allowedOf(document))
    if (!allowed.absent && allowed.values?.size === 0)
      report(
        ["match"],
        "WRONG_VALUE",
        `no message has ${key} as its conditions ask for`,
        "remove one of the conditions",
      );
}

/** Two sources are apart when there is a header or field whose allowed values exclude each other. */
function checkDisjoint(file: CheckedFile, other: CheckedFile): void {
  const [mine, theirs] = [allowedOf(file.document), allowedOf(other.document)];
  for (const [key, allowed] of mine) {
    const opposite = theirs.get(key);
    if (opposite !== undefined && exclude(allowed, opposite)) return;
  }
  const path: DocumentPath = file.document.match === undefined ? ["source"] : ["match"];
  const message = `a message could be of this source and of ${other.document.source} (${other.name})`;
  const next = "let both match one field or header, with different values, or ask in one for {path: …, absent: true}";
  file.report(path, "SOURCES_OVERLAP", message, next);
}

function exclude(a: Allowed, b: Allowed): boolean {
  if (a.absent && b.absent) return false;
  if (a.values === undefined) return b.values?.size === 0;
  if (b.values === undefined) return a.values.size === 0;
  return [...a.values].every((value) => !b.values?.has(value));
}

/** By header or path; conditions on the same one are taken together. */
function allowedOf(document: ContractDocument): Map<string, Allowed> {
  const all = new Map<string, Allowed>();
  const add = (key: string, more: Allowed): void => {
    const known = all.get(key);
    all.set(key, known === undefined ? more : both(known, more));
  };
  for (const condition of matchOf(document)) add(keyOf(condition), allowedBy(condition));
  for (const path of requiredPaths(document)) add(path, { absent: false, values: undefined });
  return all;
}

/** Where each message of a source has something. */
function requiredPaths({ envelope = {} }: ContractDocument): string[] {
  const { preset = "countinghouse" } = envelope;
  return REQUIRED.flatMap(([name, { from }]) => {
    const own = envelope[name];
    if (own !== undefined) return own.optional === true ? [] : [own.from];
    return preset === "countinghouse" ? [from] : [];
  });
}

/** What no event of the preset `countinghouse` lacks. */
const REQUIRED = (Object.entries(COUNTINGHOUSE) as [EnvelopeAttribute, AttributeDoc][]).filter(
  ([, { optional }]) => optional !== true,
);

const keyOf = (condition: Match) => ("path" in condition ? condition.path : `header ${condition.header}`);

function allowedBy(condition: Match): Allowed {
  const values = condition.equals === undefined ? undefined : new Set([condition.equals]);
  if (!("path" in condition)) return { absent: false, values };
  if (condition.absent === true) return { absent: true, values: new Set() };
  return { absent: condition.default === true, values };
}

function both(a: Allowed, b: Allowed): Allowed {
  const values =
    a.values === undefined ? b.values : b.values === undefined ? a.values : a.values.intersection(b.values);
  return { absent: a.absent && b.absent, values };
}
