import { nearest } from "../../runtime/misspelled.ts";
import type { JsonSchema } from "../document.ts";
import type { DocumentPath } from "../mistake.ts";
import type { CheckedFile, Report } from "./checked-file.ts";
import { checkReferences } from "./references.ts";
import { MAX_STEPS, type RegexCost, type RegexProblem, regexCost } from "./regex.ts";
import { isSchema, kindOf } from "./schema-paths.ts";
import { walk } from "./walk.ts";

/** Longest text an open pattern may be tried on. */
const MAX_OPEN_LENGTH = 1_024;
/** Longest text of a message: what a pattern without `maxLength` may be tried on. */
const MAX_TEXT = 1_000_000;

/** Judges the payload schema of each type: what its keywords mean together, references, and what its patterns cost. */
export function checkPayloadSchemas({ document, report }: CheckedFile): void {
  for (const [name, { schema }] of Object.entries(document.types ?? {})) {
    if (schema === undefined) continue;
    const path = ["types", name, "schema"];
    const { type } = schema;
    if (type !== undefined && ![type].flat().includes("object"))
      report([...path, "type"], "WRONG_VALUE", "a payload is always an object", "write type: object");
    checkReferences(schema, path, report);
    walk(schema, path, (one, place) => checkSchema(one, place, schema, report));
  }
}

/** The type a keyword speaks of. */
const APPLIES: Readonly<Record<string, readonly string[]>> = {
  ...every(["minLength", "maxLength", "pattern"], ["string"]),
  ...every(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"], ["number", "integer"]),
  ...every(["properties", "required", "additionalProperties", "patternProperties", "propertyNames"], ["object"]),
  ...every(["minProperties", "maxProperties", "dependentRequired", "dependentSchemas"], ["object"]),
  ...every(["items", "prefixItems", "contains", "minContains", "maxContains"], ["array"]),
  ...every(["minItems", "maxItems", "uniqueItems"], ["array"]),
};

function every<T>(keys: readonly string[], value: T): Record<string, T> {
  return Object.fromEntries(keys.map((key) => [key, value]));
}

function checkSchema(schema: JsonSchema, path: DocumentPath, root: JsonSchema, report: Report): void {
  const types = schema.type === undefined ? undefined : [schema.type].flat().map(String);
  for (const keyword of Object.keys(schema)) {
    const applies = APPLIES[keyword];
    if (types === undefined || applies === undefined || applies.some((type) => types.includes(type))) continue;
    const message = `${keyword} says nothing about type ${types.join(" or ")}`;
    report([...path, keyword], "KEYWORD", message, `remove it, or use type: ${applies[0]}`, { key: true });
  }
  if (types !== undefined) checkValues(schema, types, path, report);
  checkCompanions(schema, path, report);
  checkRequired(schema, path, report);
  checkPatterns(schema, path, report);
  if (schema.$defs !== undefined && schema !== root)
    report(
      [...path, "$defs"],
      "KEYWORD",
      "$defs stands inside of a schema",
      "move it to the top of the type's schema",
      { key: true },
    );
  if (schema.uniqueItems === true && !isListOfScalars(schema))
    report(
      [...path, "uniqueItems"],
      "KEYWORD",
      "each item would be compared with each other",
      "state items: {type: string} (or integer, number, boolean), or remove it",
      { key: true },
    );
}

function checkValues(schema: JsonSchema, types: readonly string[], path: DocumentPath, report: Report): void {
  const values = Array.isArray(schema.enum) ? schema.enum.map((one, index) => [one, ["enum", index]] as const) : [];
  const all = "const" in schema ? [...values, [schema.const, ["const"]] as const] : values;
  for (const [value, place] of all) {
    const kind = kindOf(value);
    if (types.includes(kind) || (kind === "integer" && types.includes("number"))) continue;
    const next = 'correct the value or the type; texts such as "1" or "true" need quotes';
    report([...path, ...place], "WRONG_VALUE", `${JSON.stringify(value)} is not of type ${types.join(" or ")}`, next);
  }
}

function checkCompanions(schema: JsonSchema, path: DocumentPath, report: Report): void {
  const has = (keyword: string) => schema[keyword] !== undefined;
  const alone = (keyword: string, needed: string) =>
    report([...path, keyword], "KEYWORD", `${keyword} says nothing without ${needed}`, `add ${needed} or remove it`, {
      key: true,
    });
  if (has("if") && !has("then") && !has("else")) alone("if", "then or else");
  for (const keyword of ["then", "else"]) if (has(keyword) && !has("if")) alone(keyword, "if");
  for (const keyword of ["minContains", "maxContains"])
    if (has(keyword) && !has("contains")) alone(keyword, "contains");
}

function checkRequired({ required, properties }: JsonSchema, path: DocumentPath, report: Report): void {
  if (!Array.isArray(required) || !isSchema(properties)) return;
  for (const [index, name] of required.map(String).entries()) {
    if (Object.hasOwn(properties, name)) continue;
    const meant = nearest(name, Object.keys(properties));
    const next = meant === undefined ? `declare it: properties: {${name}: {}}` : `did you mean ${meant}?`;
    report([...path, "required", index], "NOT_DECLARED", `${name} is required but not among properties`, next);
  }
}

function isListOfScalars({ items }: JsonSchema): boolean {
  return (
    isSchema(items) && typeof items.type === "string" && ["string", "integer", "number", "boolean"].includes(items.type)
  );
}

function checkPatterns(schema: JsonSchema, path: DocumentPath, report: Report): void {
  const { pattern, maxLength, patternProperties } = schema;
  const bound = typeof maxLength === "number" ? maxLength : undefined;
  if (typeof pattern === "string") checkPattern(pattern, bound, [...path, "pattern"], report);
  for (const name of isSchema(patternProperties) ? Object.keys(patternProperties) : [])
    checkPattern(name, undefined, [...path, "patternProperties", name], report, { key: true });
}

function checkPattern(
  pattern: string,
  bound: number | undefined,
  path: DocumentPath,
  report: Report,
  at: { key?: boolean } = {},
): void {
  const cost = regexCost(pattern, Math.min(bound ?? MAX_TEXT, MAX_TEXT));
  const problem = "code" in cost ? cost : tooCostly(cost, bound);
  if (problem === undefined) return;
  const next =
    problem.code === "REGEX_INVALID"
      ? "correct it; it is read as by JavaScript with flag u, where \\- outside of [ ] is no escape"
      : "repeat single characters with a bound, such as ^[a-z0-9-]{1,64}$, and set maxLength";
  report(path, problem.code, problem.message, next, at);
}

function tooCostly({ steps, isOpen }: RegexCost, bound: number | undefined): RegexProblem | undefined {
  const code = "REGEX_EXPLODES";
  if (isOpen && (bound === undefined || bound > MAX_OPEN_LENGTH))
    return { code, message: `repeats without end, and no maxLength of at most ${MAX_OPEN_LENGTH} stands beside it` };
  if (steps <= MAX_STEPS) return undefined;
  return {
    code,
    message: "may be tried in too many ways on one text: repetitions inside or beside each other multiply",
  };
}
