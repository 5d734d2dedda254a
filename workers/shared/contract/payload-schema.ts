import { z } from "zod";

/**
 * The keywords of JSON Schema 2020-12 a payload may be described by. The list is closed: a keyword that nothing judges
 * would let in what its author meant to refuse.
 */

const length = () => z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const texts = () => z.array(z.string());
const note = (text: string) => z.string().describe(text);
const JsonType = z.enum(["string", "number", "integer", "boolean", "object", "array", "null"]);
const isSet = (list: readonly unknown[]) => new Set(list.map((one) => JSON.stringify(one))).size === list.length;
const set = <T extends z.ZodArray>(list: T) =>
  list.refine(isSet, "must not name a value twice").meta({ uniqueItems: true });

const Subschema: z.ZodType = z.lazy(() => z.union([z.boolean(), PayloadSchema])).meta({ id: "subschema" });
const subschemas = () => z.record(z.string(), Subschema);

/** A schema that is an object; inside of one, `true` and `false` are schemas too. */
export const PayloadSchema = z
  .strictObject({
    $schema: z.literal("https://json-schema.org/draft/2020-12/schema").optional(),
    $ref: z
      .string()
      .regex(/^#\/\$defs\/[^/~%]+$/, "must be #/$defs/NAME of the same schema")
      .optional(),
    $defs: subschemas().optional(),
    $comment: note("For people").optional(),
    title: note("For people").optional(),
    description: note("For people").optional(),
    examples: z.array(z.unknown()).optional(),
    default: z.unknown().optional(),
    deprecated: z.boolean().optional(),
    readOnly: z.boolean().optional(),
    writeOnly: z.boolean().optional(),
    type: z.union([JsonType, set(z.array(JsonType).min(1))]).optional(),
    enum: set(z.array(z.unknown()).min(1).max(1_000)).optional(),
    const: z.unknown().optional(),
    minLength: length().optional(),
    maxLength: length().optional(),
    pattern: z.string().max(1_000).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    exclusiveMaximum: z.number().optional(),
    multipleOf: z.number().int("must be a whole number: fractions are compared in binary").min(1).optional(),
    properties: subschemas().optional(),
    required: set(texts()).optional(),
    additionalProperties: Subschema.optional(),
    patternProperties: subschemas().optional(),
    propertyNames: Subschema.optional(),
    minProperties: length().optional(),
    maxProperties: length().optional(),
    dependentRequired: z.record(z.string(), set(texts())).optional(),
    dependentSchemas: subschemas().optional(),
    items: Subschema.optional(),
    prefixItems: z.array(Subschema).min(1).max(1_000).optional(),
    contains: Subschema.optional(),
    minContains: length().optional(),
    maxContains: length().optional(),
    minItems: length().optional(),
    maxItems: length().optional(),
    uniqueItems: z.boolean().optional(),
    allOf: z.array(Subschema).min(1).max(1_000).optional(),
    anyOf: z.array(Subschema).min(1).max(1_000).optional(),
    oneOf: z.array(Subschema).min(1).max(1_000).optional(),
    not: Subschema.optional(),
    if: Subschema.optional(),
    // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
    then: Subschema.optional(),
    else: Subschema.optional(),
  })
  .meta({ id: "payload" });

/** Keywords of JSON Schema that are refused, with what to do instead. */
export const REFUSED_KEYWORDS: Readonly<Record<string, string>> = {
  $id: "remove it; a schema is found by its place in the file",
  $anchor: "remove it and refer by #/$defs/NAME",
  $dynamicAnchor: "remove it and refer by #/$defs/NAME",
  $dynamicRef: "use $ref to #/$defs/NAME",
  $vocabulary: "remove it; the keywords are those of docs/contract.md",
  definitions: "call it $defs",
  dependencies: "use dependentRequired or dependentSchemas",
  additionalItems: "use prefixItems and items",
  unevaluatedProperties: "list the properties and use additionalProperties",
  unevaluatedItems: "use prefixItems and items",
  format: "it would not be judged: state a pattern, or a column of type timestamp for a time",
  contentEncoding: "it would not be judged: remove it",
  contentMediaType: "it would not be judged: remove it",
  contentSchema: "it would not be judged: remove it",
  nullable: 'use type: [string, "null"]',
  id: "remove it; a schema is found by its place in the file",
};
