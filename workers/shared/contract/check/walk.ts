import type { JsonSchema } from "../document.ts";
import type { DocumentPath } from "../mistake.ts";
import { isSchema } from "./schema-paths.ts";

/** Every schema inside of one, with its place. */
export function walk(
  schema: JsonSchema,
  path: DocumentPath,
  visit: (schema: JsonSchema, path: DocumentPath) => void,
): void {
  visit(schema, path);
  for (const [keyword, value] of Object.entries(schema)) {
    const kind = NESTED[keyword];
    if (kind === "one" && isSchema(value)) walk(value, [...path, keyword], visit);
    if (kind === "list" && Array.isArray(value))
      for (const [index, one] of value.entries()) if (isSchema(one)) walk(one, [...path, keyword, index], visit);
    if (kind === "map" && isSchema(value))
      for (const [name, one] of Object.entries(value)) if (isSchema(one)) walk(one, [...path, keyword, name], visit);
  }
}

const NESTED: Readonly<Record<string, "one" | "list" | "map">> = {
  $defs: "map",
  properties: "map",
  patternProperties: "map",
  dependentSchemas: "map",
  additionalProperties: "one",
  propertyNames: "one",
  items: "one",
  contains: "one",
  not: "one",
  if: "one",
  // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
  then: "one",
  else: "one",
  prefixItems: "list",
  allOf: "list",
  anyOf: "list",
  oneOf: "list",
};
