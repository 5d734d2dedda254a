import type { z } from "zod";
import { nearest } from "../../runtime/misspelled.ts";
import { DocumentSchema } from "../format.ts";
import type { DocumentPath, Mistake } from "../mistake.ts";
import { PayloadSchema, REFUSED_KEYWORDS } from "../payload-schema.ts";
import type { ParsedYaml } from "../yaml.ts";

type Issue = z.core.$ZodIssue;

/** What of a file has the right shape, and what has not. */
export type Structure = {
  /** Undefined when nothing of it can be used. Otherwise what is wrong is left out. */
  readonly value: z.output<typeof DocumentSchema> | undefined;
  readonly mistakes: readonly Mistake[];
  /** Places that were left out: what refers to them is not judged. */
  readonly leftOut: readonly DocumentPath[];
  readonly indexes: Indexes;
};

const LISTS = ["match", "metrics", "views"] as const;
/** For what remains of a list of the file, where it stands there. */
export type Indexes = Readonly<Record<(typeof LISTS)[number], number[]>>;

/** Rounds of leaving out: one for each level at which what remains lacks something it needs. */
const MAX_ROUNDS = 12;

/** Judges the shape of a file. All that is wrong is named at once, and one wrong part does not hide what is wrong with others. */
export function checkStructure(parsed: ParsedYaml): Structure {
  const raw = structuredClone(parsed.value);
  const first = DocumentSchema.safeParse(raw);
  const indexes = indexesOf(raw);
  if (first.success) return { value: first.data, mistakes: [], leftOut: [], indexes };
  const issues = first.error.issues.flatMap((issue) => plainIssues(issue, [], raw));
  const mistakes = issues.flatMap((issue) => describe(issue, raw, parsed));
  const leftOut: DocumentPath[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const judged = DocumentSchema.safeParse(raw);
    if (judged.success) return { value: judged.data, mistakes, leftOut, indexes };
    const wrong = judged.error.issues.flatMap((issue) => plainIssues(issue, [], raw));
    if (wrong.some(({ path }) => path.length === 0 && typeof raw !== "object")) break;
    leftOut.push(...leaveOut(raw, indexes, wrong));
  }
  return { value: undefined, mistakes, leftOut, indexes };
}

function indexesOf(raw: unknown): Indexes {
  const of = (list: string) => {
    const value = at(raw, [list]);
    return Array.isArray(value) ? value.map((_, index) => index) : [];
  };
  return { match: of("match"), metrics: of("metrics"), views: of("views") };
}

/** Issues with whole paths; of a choice only those of the alternative that was meant, or one that names them all. */
function plainIssues(issue: Issue, prefix: DocumentPath, raw: unknown): Issue[] {
  const path = [...prefix, ...(issue.path as (string | number)[])];
  if (issue.code !== "invalid_union") return [{ ...issue, path } as Issue];
  const meant = issue.errors.filter((errors) => !errors.some(isWrongKind));
  const errors = meant[0];
  if (meant.length === 1 && errors !== undefined) return errors.flatMap((one) => plainIssues(one, path, raw));
  const flat = issue.errors.flat().flatMap((one) => plainIssues(one, path, raw));
  const own = flat.filter((one) => one.path.length === path.length);
  const worded = own.find((one) => one.code === "invalid_format" && typeof at(raw, path) === "string");
  if (worded !== undefined) return [worded];
  const message = `must be ${[...new Set(own.flatMap(expectation))].join(" or ")}`;
  return [{ code: "custom", path: path as PropertyKey[], message, input: undefined } as Issue];
}

/** The alternative is not what was meant: the value itself is of another kind. */
const isWrongKind = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === "invalid_type" ||
    issue.code === "invalid_value" ||
    (issue.code === "invalid_union" && issue.errors.every((errors) => errors.some(isWrongKind))));

/** What an issue at the value itself asks for, without "must be". */
function expectation(issue: Issue): string[] {
  if (issue.code === "invalid_type") return [KINDS[issue.expected] ?? issue.expected];
  if (issue.code === "invalid_value") return issue.values.map(String);
  return issue.code === "custom" ? [issue.message.replace(/^must be /, "")] : [];
}

const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  object: "a map of keys",
  record: "a map of names",
  string: "a text",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
};

function describe(issue: Issue, raw: unknown, parsed: ParsedYaml): Mistake[] {
  const path = issue.path as (string | number)[];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(key, path, parsed));
  const isMissing = path.length > 0 && at(raw, path) === undefined;
  const name = String(path.at(-1) ?? "");
  if (isMissing) {
    const next = `add ${name}: ${expectationText(issue)}`;
    return [parsed.mistakeAt(path.slice(0, -1), "MISSING_KEY", `lacks ${name}`, next, { key: true })];
  }
  if (path.length === 0) {
    const next = "begin with apiVersion: countinghouse/v1; docs/contract.md has an example";
    return [parsed.mistakeAt(path, "EMPTY", "is not a map of keys", next)];
  }
  return [parsed.mistakeAt(path, "WRONG_VALUE", wording(issue), proposal(issue, at(raw, path)))];
}

function wording(issue: Issue): string {
  if (issue.code === "too_big") return `must be at most ${issue.maximum}${unit(issue.origin)}`;
  if (issue.code === "too_small") return `must be at least ${issue.minimum}${unit(issue.origin)}`;
  const expected = expectation(issue);
  if (issue.code === "custom" || issue.code === "invalid_format" || expected.length === 0) return issue.message;
  return `must be ${expected.length > 1 ? "one of " : ""}${expected.join(", ")}`;
}

const unit = (origin: string) => (origin === "string" ? " characters long" : origin === "array" ? " entries long" : "");

const expectationText = (issue: Issue) => expectation(issue).slice(0, 4).join(" or ") || "…";

function proposal(issue: Issue, value: unknown): string {
  const meant = issue.code === "invalid_value" ? nearest(String(value), issue.values.map(String)) : undefined;
  if (meant !== undefined) return `did you mean ${meant}?`;
  return "correct it; docs/contract.md has every key with its values";
}

function unknownKey(key: string, path: DocumentPath, parsed: ParsedYaml): Mistake {
  const place = [...path, key];
  const inSchema = isInPayloadSchema(path);
  const refused = inSchema ? REFUSED_KEYWORDS[key] : undefined;
  const known = inSchema ? Object.keys(PayloadSchema.shape) : keysAt(path);
  const meant = nearest(key, known);
  const next =
    refused ?? (meant === undefined ? `remove it; known here: ${shortList(known)}` : `did you mean ${meant}?`);
  const message = inSchema ? `${key} is no keyword that is judged` : `${key} is no key here`;
  return parsed.mistakeAt(place, inSchema ? "KEYWORD" : "UNKNOWN_KEY", message, next, { key: true });
}

/** Below `types.NAME.schema`. */
const isInPayloadSchema = (path: DocumentPath) => path[0] === "types" && path[2] === "schema";

const shortList = (names: readonly string[]) =>
  names.length > 14 ? `${names.slice(0, 14).join(", ")}, …` : names.join(", ");

/** The keys a map of the format may have: found by asking the format to refuse a key that cannot exist. */
function keysAt(path: DocumentPath): string[] {
  let schema: z.core.$ZodType = DocumentSchema;
  for (const part of path) schema = step(unwrap(schema), part) ?? schema;
  return keysOf(unwrap(schema));
}

type Definition = {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
};
const definitionOf = (schema: z.core.$ZodType) => schema._zod.def as Definition;

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const { type, innerType } = definitionOf(schema);
  return type === "optional" && innerType !== undefined ? unwrap(innerType) : schema;
}

function step(schema: z.core.$ZodType, part: string | number): z.core.$ZodType | undefined {
  const { shape, element, valueType, options } = definitionOf(schema);
  const direct = shape?.[String(part)] ?? element ?? valueType;
  return direct ?? options?.map((option) => step(unwrap(option), part)).find((found) => found !== undefined);
}

function keysOf(schema: z.core.$ZodType): string[] {
  const { shape, options } = definitionOf(schema);
  if (shape !== undefined) return Object.keys(shape);
  return options?.flatMap((option) => keysOf(unwrap(option))) ?? [];
}

/**
 * Takes out what issues are about, so that the rest can be judged: a key of a map, or an item of a list of the file. What lacks
 * something it needs goes as a whole.
 */
function leaveOut(raw: unknown, indexes: Indexes, issues: readonly Issue[]): DocumentPath[] {
  const ends = issues.flatMap((issue) => {
    const path = issue.path as (string | number)[];
    const places = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...path, key]) : [path];
    return places.map((place) => {
      const isMissing = at(raw, place) === undefined && !isVersion(place);
      return removable(raw, isMissing ? place.slice(0, -1) : place);
    });
  });
  const unique = [...new Map(ends.map((end) => [JSON.stringify(end), end])).values()];
  for (const end of unique) if (!isItem(end)) removeKey(raw, end);
  // From the end of a list, so that an index still means the same item when those behind it are gone.
  const items = unique.filter(isItem).toSorted((a, b) => Number(b[1]) - Number(a[1]));
  const gone = items.map(([list, index]) => [String(list), removeItem(raw, indexes, String(list), Number(index))]);
  return [...unique.filter((end) => !isItem(end)), ...gone];
}

/** Up from inside of lists to what can be missing. */
function removable(raw: unknown, path: DocumentPath): DocumentPath {
  if (path.length === 0 || isItem(path) || typeof path.at(-1) === "string") return path;
  return removable(raw, path.slice(0, -1));
}

const isItem = (path: DocumentPath) => path.length === 2 && LISTS.some((list) => list === path[0]);

/** Without a version of its own, a file is judged as one of the only version there is. */
const isVersion = (path: DocumentPath) => path.length === 1 && path[0] === "apiVersion";

function removeItem(raw: unknown, indexes: Indexes, list: string, index: number): number {
  (at(raw, [list]) as unknown[]).splice(index, 1);
  return indexes[list as (typeof LISTS)[number]].splice(index, 1)[0] ?? index;
}

function removeKey(raw: unknown, path: DocumentPath): void {
  const map = at(raw, path.slice(0, -1));
  const key = path.at(-1);
  if (typeof map !== "object" || map === null || key === undefined) return;
  if (isVersion(path)) (map as Record<string, unknown>)[key] = "countinghouse/v1";
  else delete (map as Record<string, unknown>)[String(key)];
}

/** The value at a path, or undefined. */
function at(raw: unknown, path: DocumentPath): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    raw,
  );
}
