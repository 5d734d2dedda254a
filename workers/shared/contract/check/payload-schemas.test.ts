import { expect, test } from "bun:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import type { JsonSchema } from "../document.ts";
import { loadContract } from "../load.ts";
import { PayloadSchema, REFUSED_KEYWORDS } from "../payload-schema.ts";

/** Schemas of all keywords there are, combined at random: many of them make no sense together. */
const schemas: fc.Arbitrary<unknown> = fc.letrec<{ schema: unknown }>((tie) => {
  const nested = tie("schema");
  const kind = fc.constantFrom("string", "number", "integer", "boolean", "object", "array", "null");
  const size = fc.nat(5);
  const keywords: Record<keyof typeof PayloadSchema.shape, fc.Arbitrary<unknown>> = {
    $schema: fc.constant("https://json-schema.org/draft/2020-12/schema"),
    $ref: fc.constantFrom("#/$defs/a", "#/$defs/b"),
    $defs: fc.constant({ a: { type: "string" } }),
    $comment: fc.string(),
    title: fc.string(),
    description: fc.string(),
    examples: fc.constant([1, "x"]),
    default: fc.jsonValue(),
    deprecated: fc.boolean(),
    readOnly: fc.boolean(),
    writeOnly: fc.boolean(),
    type: fc.oneof(kind, fc.uniqueArray(kind, { minLength: 1 })),
    enum: fc.uniqueArray(fc.oneof(fc.string(), size, fc.constant(null)), { minLength: 1, maxLength: 4 }),
    const: fc.oneof(fc.string(), size),
    minLength: size,
    maxLength: size,
    pattern: fc.constantFrom("^a$", "a+", "(a+)+", "[", "^[a-z]{2,3}$"),
    minimum: size,
    maximum: size,
    exclusiveMinimum: size,
    exclusiveMaximum: size,
    multipleOf: fc.constantFrom(1, 2, 0.5),
    properties: fc.dictionary(fc.constantFrom("a", "b"), nested, { maxKeys: 2 }),
    required: fc.uniqueArray(fc.constantFrom("a", "b", "c")),
    additionalProperties: nested,
    patternProperties: fc.dictionary(fc.constantFrom("^a$", "b"), nested, { maxKeys: 1 }),
    propertyNames: nested,
    minProperties: size,
    maxProperties: size,
    dependentRequired: fc.constant({ a: ["b"] }),
    dependentSchemas: fc.dictionary(fc.constant("a"), nested, { maxKeys: 1 }),
    items: nested,
    prefixItems: fc.array(nested, { minLength: 1, maxLength: 2 }),
    contains: nested,
    minContains: size,
    maxContains: size,
    minItems: size,
    maxItems: size,
    uniqueItems: fc.boolean(),
    allOf: fc.array(nested, { minLength: 1, maxLength: 2 }),
    anyOf: fc.array(nested, { minLength: 1, maxLength: 2 }),
    oneOf: fc.array(nested, { minLength: 1, maxLength: 2 }),
    not: nested,
    if: nested,
    // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
    then: nested,
    else: nested,
  };
  const pairs = Object.entries(keywords).map(([name, value]) => value.map((one) => [name, one] as const));
  return {
    schema: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.boolean(),
      fc.array(fc.oneof(...pairs), { maxLength: 3 }).map((found) => Object.fromEntries(found)),
    ),
  };
}).schema;

const ajv = new Ajv2020({
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  strictNumbers: true,
  allowMatchingProperties: true,
  validateFormats: false,
  logger: false,
});

const judged = (schema: unknown) =>
  loadContract([
    {
      name: "a.yaml",
      text: JSON.stringify({ apiVersion: "countinghouse/v1", source: "a", types: { x: { schema } } }),
    },
  ]);

test("a schema without mistakes is one that ajv compiles, in its strict mode for keywords", () => {
  let accepted = 0;
  fc.assert(
    fc.property(schemas, (schema) => {
      if (typeof schema === "boolean" || !judged(schema).ok) return;
      accepted += 1;
      ajv.compile(schema as JsonSchema);
    }),
    { numRuns: 200, seed: 20_261_127 },
  );
  expect(accepted).toBeGreaterThan(30);
}, 60_000);

test("no keyword is both judged and refused", () => {
  expect(Object.keys(PayloadSchema.shape).filter((name) => name in REFUSED_KEYWORDS)).toEqual([]);
});
