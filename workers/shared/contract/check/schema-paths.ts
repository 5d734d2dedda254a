import type { JsonSchema } from "../document.ts";
import { regexCost } from "./regex.ts";

/** What the payload's schema says of a field by its path. */
export type FieldSchemas =
  | { readonly found: true; readonly schemas: readonly JsonSchema[] }
  | {
      readonly found: false;
      /** The name that no schema declares, and those that are declared in its place. */
      readonly missing: string;
      readonly known: readonly string[];
      /** What its parent is, when that has no fields. */
      readonly through: string | undefined;
    };

/** Looks a field up, through references and alternatives. */
export function fieldAt(root: JsonSchema, path: readonly string[]): FieldSchemas {
  let schemas: readonly JsonSchema[] = [root];
  for (const name of path) {
    const alternatives = schemas.flatMap((schema) => withAlternatives(root, schema));
    const declared = alternatives.flatMap((schema) => {
      const field = propertiesOf(schema)[name];
      return isSchema(field) ? [field] : field === true ? [{}] : [];
    });
    if (declared.length === 0) {
      const known = [...new Set(alternatives.flatMap((schema) => Object.keys(propertiesOf(schema))))];
      const kinds = kindsOf(root, schemas);
      const through = kinds === undefined || kinds.has("object") ? undefined : [...kinds].join(" or ");
      return { found: false, missing: name, known, through };
    }
    schemas = declared;
  }
  return { found: true, schemas };
}

/** The types of JSON a value may have (`integer` beside `number`); undefined when any. */
export function kindsOf(root: JsonSchema, schemas: readonly JsonSchema[]): ReadonlySet<string> | undefined {
  const all = new Set<string>();
  for (const schema of schemas) {
    const own = ownKinds(root, schema, 0);
    if (own === undefined) return undefined;
    for (const kind of own) all.add(kind);
  }
  return all;
}

function ownKinds(root: JsonSchema, schema: JsonSchema, depth: number): ReadonlySet<string> | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const { type, enum: values, const: value } = schema;
  if (typeof type === "string") return new Set([type]);
  if (Array.isArray(type)) return new Set(type.map(String));
  if (Array.isArray(values)) return new Set(values.map(kindOf));
  if ("const" in schema) return new Set([kindOf(value)]);
  const target = refTarget(root, schema);
  if (target !== undefined) return ownKinds(root, target, depth + 1);
  for (const keyword of ["anyOf", "oneOf"]) {
    const kinds = listOf(schema[keyword]).map((one) => (isSchema(one) ? ownKinds(root, one, depth + 1) : undefined));
    if (kinds.length > 0 && kinds.every((one) => one !== undefined)) return new Set(kinds.flatMap((one) => [...one]));
  }
  const all = listOf(schema.allOf).filter(isSchema);
  return all.map((one) => ownKinds(root, one, depth + 1)).find((kinds) => kinds !== undefined);
}

/** The type of a JSON value; a whole number is an `integer`. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

/** Most characters a text at this field may have; undefined when nothing bounds it. */
export function longestText(root: JsonSchema, schemas: readonly JsonSchema[]): number | undefined {
  const longest = Math.max(0, ...schemas.map((schema) => ownLongest(root, schema, 0)));
  return Number.isFinite(longest) ? longest : undefined;
}

function ownLongest(root: JsonSchema, schema: JsonSchema, depth: number): number {
  if (depth > MAX_DEPTH) return Number.POSITIVE_INFINITY;
  const kinds = ownKinds(root, schema, depth);
  if (kinds !== undefined && !kinds.has("string")) return 0;
  const bounds: number[] = [];
  if (typeof schema.maxLength === "number") bounds.push(schema.maxLength);
  if (Array.isArray(schema.enum)) bounds.push(Math.max(...schema.enum.map(textLength)));
  if (typeof schema.const === "string") bounds.push(textLength(schema.const));
  if (typeof schema.pattern === "string") bounds.push(longestMatch(schema.pattern));
  const target = refTarget(root, schema);
  if (target !== undefined) bounds.push(ownLongest(root, target, depth + 1));
  for (const one of listOf(schema.allOf)) if (isSchema(one)) bounds.push(ownLongest(root, one, depth + 1));
  for (const keyword of ["anyOf", "oneOf"]) {
    const options = listOf(schema[keyword]).map((one) =>
      isSchema(one) ? ownLongest(root, one, depth + 1) : Number.POSITIVE_INFINITY,
    );
    if (options.length > 0) bounds.push(Math.max(...options));
  }
  return Math.min(Number.POSITIVE_INFINITY, ...bounds);
}

function longestMatch(pattern: string): number {
  const cost = regexCost(pattern, 1);
  return "code" in cost ? Number.POSITIVE_INFINITY : (cost.longest ?? Number.POSITIVE_INFINITY);
}

const textLength = (value: unknown) => (typeof value === "string" ? [...value].length : 0);

/** References are checked apart; here they only must not go on for ever. */
const MAX_DEPTH = 32;

function withAlternatives(root: JsonSchema, schema: JsonSchema, depth = 0): JsonSchema[] {
  if (depth > MAX_DEPTH) return [];
  const target = refTarget(root, schema);
  const more = [schema.allOf, schema.anyOf, schema.oneOf, [schema.then, schema.else]].flatMap(listOf).filter(isSchema);
  if (target !== undefined) more.push(target);
  return [schema, ...more.flatMap((one) => withAlternatives(root, one, depth + 1))];
}

/** What `$ref` names, or undefined. */
export function refTarget(root: JsonSchema, schema: JsonSchema): JsonSchema | undefined {
  if (typeof schema.$ref !== "string") return undefined;
  const name = schema.$ref.replace(/^#\/\$defs\//, "");
  const defs = isSchema(root.$defs) ? root.$defs : {};
  const target = Object.hasOwn(defs, name) ? defs[name] : undefined;
  return isSchema(target) ? target : undefined;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A schema that is an object, or a map of schemas. */
export const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function propertiesOf(schema: JsonSchema): Readonly<Record<string, unknown>> {
  return isSchema(schema.properties) ? schema.properties : {};
}
