import { expect, test } from "bun:test";
import { compileEventRules } from "../event/scan/payload-rules.ts";
import { compileContract } from "./compile.ts";
import type { FieldCheck } from "./contract.ts";
import type { ColumnType, ContractDocument, JsonSchema } from "./document.ts";
import { documentOf, SHIPPED_DOCUMENTS } from "./testing/documents.ts";

const shipped = compileContract(SHIPPED_DOCUMENTS);
const name = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const MOST = Number.MAX_SAFE_INTEGER;

/** A check in today's words. */
function asToday(check: FieldCheck): unknown {
  switch (check.kind) {
    case "string":
      return { kind: "string", rest: [check.min, check.max, check.plain] };
    case "number":
      return { kind: "number", rest: [check.min, check.max] };
    case "integer":
    case "integers":
      return { kind: check.kind, min: check.min, rest: [check.max] };
    case "decimal":
      return { kind: "amount", rest: [check.whole, check.scale, check.texts, check.numbers, check.negative] };
    case "ascii_run":
      return { kind: "currency", rest: [check.min, check.max, letters(check.allowed)] };
    case "one_of":
      return { kind: "one_of", options: check.options.map(name) };
    default:
      return check;
  }
}
const letters = (allowed: Uint8Array) => String.fromCharCode(...allowed.keys().filter((code) => allowed[code] === 1));
const LIMITS: Readonly<Record<string, readonly unknown[]>> = {
  string: [0, MOST, false],
  number: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  integer: [MOST],
  integers: [MOST],
  amount: [11, 4, true, true, false],
  currency: [3, 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"],
};

test("the shipped files compile to the rules of the schemas in code, field by field", () => {
  const compiled = shipped.sources.flatMap(({ name: source, types }) =>
    [...types.values()].map(({ eventType, dataRequired, fast }) => ({
      source,
      eventType,
      payloadRequired: dataRequired,
      requiredFields: fast?.requiredFields,
      fields: fast?.fields.map((field) => ({ name: name(field.name), check: asToday(field.check) })),
    })),
  );
  const today = compileEventRules().map(({ source, eventType, payloadRequired, requiredFields, fields }) => ({
    source: source as string,
    eventType,
    payloadRequired,
    requiredFields,
    fields: fields.map((field) => {
      const { kind } = field.check;
      if (field.check.kind === "one_of") {
        return { name: name(field.name), check: { kind, options: field.check.options.map(name) } as unknown };
      }
      return { name: name(field.name), check: { ...field.check, rest: LIMITS[kind] } as unknown };
    }),
  }));
  expect(compiled).toEqual(today);
});

test("columns are numbered once, whichever types have them, and have the store's types", () => {
  expect(shipped.columns).toEqual([
    { name: "amount", type: "decimal(18,4)", physical: "Decimal(18, 4)", slot: 0 },
    { name: "currency", type: "keyword", physical: "LowCardinality(String)", slot: 1 },
  ]);
  const fast = shipped.sources[0]?.types.get("claim_reward")?.fast;
  expect(fast?.fields.map((field) => [name(field.name), field.slot])).toEqual([
    ["amount", 0],
    ["currency", 1],
    ["draw_id", -1],
    ["ticket_id", -1],
  ]);
});

test("metrics name the types they count, and columns or attributes", () => {
  const of = (key: string) => shipped.metrics.find((metric) => metric.key === key);
  expect(of("revenue")).toMatchObject({
    types: [{ source: "lottery", eventType: "ticket_purchased" }],
    everyType: false,
    value: { kind: "column", column: { name: "amount" } },
    dimensions: [{ name: "currency", value: { kind: "column", column: { name: "currency" } } }],
    maxGroups: 1_000,
  });
  expect(of("revenue_all_sources")?.types.map(({ source, eventType }) => `${source}/${eventType}`)).toEqual([
    "lottery/ticket_purchased",
    "web/purchase",
    "mobile/purchase",
  ]);
  expect(of("unique_users")).toMatchObject({ everyType: true, value: { kind: "attribute", attribute: "subject" } });
  expect(of("unique_users")?.types).toHaveLength(5);
  expect(of("unique_users_all_sources")?.types).toHaveLength(20);
  expect(of("new_sessions")?.wherePresent).toEqual({ kind: "attribute", attribute: "session" });
});

test("the hash is that of what is said: not of comments, order of keys, or of files", () => {
  expect(shipped.hash).toMatch(/^[0-9a-f]{16}$/);
  const turned = SHIPPED_DOCUMENTS.toReversed().map(
    (document) => Object.fromEntries(Object.entries(document).toReversed()) as ContractDocument,
  );
  expect(compileContract(turned).hash).toBe(shipped.hash);
  const [first, ...others] = SHIPPED_DOCUMENTS;
  const changed = compileContract([{ ...first, title: "Another" } as ContractDocument, ...others]);
  expect(changed.hash).not.toBe(shipped.hash);
});

/** The check of one field, or undefined when its type has no fast rule. */
function checkOf(schema: JsonSchema, column?: ColumnType): FieldCheck | undefined {
  const columns = column === undefined ? {} : { columns: { f: column } };
  const document = documentOf({ schema: { type: "object", properties: { f: schema } }, ...columns });
  return compileContract([document]).sources[0]?.types.get("order")?.fast?.fields[0]?.check;
}

test("what a scanner can check has a rule", () => {
  expect(checkOf({ type: "boolean", description: "x" })).toEqual({ kind: "boolean" });
  expect(checkOf({})).toEqual({ kind: "any", first: 0 });
  expect(checkOf({ type: "array" })).toEqual({ kind: "any", first: 0x5b });
  expect(checkOf({ type: "object" })).toEqual({ kind: "any", first: 0x7b });
  expect(checkOf({ const: "a" })).toEqual({ kind: "one_of", options: [Buffer.from("a")] });
  expect(checkOf({ type: ["string", "null"], maxLength: 8 })).toEqual({
    kind: "nullable",
    inner: { kind: "string", min: 0, max: 8, plain: false },
  });
  expect(checkOf({ type: "number", minimum: -1.5, maximum: 2 })).toEqual({ kind: "number", min: -1.5, max: 2 });
  expect(checkOf({ type: "string", pattern: "^[a-z_-]{2,}$", maxLength: 9 })).toMatchObject({ min: 2, max: 9 });
  expect(checkOf({ type: "string" }, "keyword")).toMatchObject({ kind: "string", plain: true });
  expect(checkOf({ type: ["number", "string"] }, "decimal(18,2)")).toEqual({
    kind: "decimal",
    whole: 13,
    scale: 2,
    texts: true,
    numbers: true,
    negative: true,
  });
  const run = checkOf({ type: "string", pattern: "^[-a-c+.9]+$" });
  expect(run?.kind === "ascii_run" && letters(run.allowed)).toBe("+-.9abc");
});

test("what it cannot is left to ajv", () => {
  const fields: [JsonSchema, ColumnType?][] = [
    [{ type: "integer", exclusiveMinimum: 3 }],
    [{ type: "integer", multipleOf: 2 }],
    [{ type: "array", items: { type: "string" } }],
    [{ type: "array", items: { type: "integer" }, minItems: 1 }],
    [{ type: "string", pattern: "[A-Z]{3}" }],
    [{ type: "string", pattern: "^[^A-Z]{3}$" }],
    [{ type: "string", pattern: "^[\\d]{3}$" }],
    [{ enum: ["a", 1] }],
    [{ enum: ["a"], maxLength: 3 }],
    [{ type: ["string", "null"], enum: ["a"] }],
    [{ type: ["string", "number"] }],
    [{ anyOf: [{ type: "string" }, { type: "number" }] }],
    [{ not: {} }],
    [{ type: "string", if: { minLength: 1 } }],
    [{ type: "object", properties: { a: { type: "string" } } }],
    [{ type: "integer" }, "keyword"],
    [{ type: "string" }, "int64"],
    [{ type: "string" }, "timestamp"],
    [{ type: "number", maximum: 5 }, "decimal(18,4)"],
    [{ type: "number", minimum: 0, exclusiveMaximum: 999 }, "decimal(18,4)"],
    [{ type: "number" }, "decimal(18,16)"],
  ];
  for (const [schema, column] of fields)
    expect([schema, column, checkOf(schema, column)]).toEqual([schema, column, undefined]);
});

test("a type whose data has rules of its own has no fast rule", () => {
  const fastOf = (schema: JsonSchema, columns = {}) =>
    compileContract([documentOf({ schema, columns })]).sources[0]?.types.get("order")?.fast;
  expect(fastOf({ type: "object" })).toEqual({ fields: [], requiredFields: 0 });
  expect(fastOf({ additionalProperties: true })).toEqual({ fields: [], requiredFields: 0 });
  expect(fastOf({ type: "object", additionalProperties: false })).toBeUndefined();
  expect(fastOf({ type: "object", required: ["a"] })).toBeUndefined();
  expect(fastOf({ type: "object", minProperties: 1 })).toBeUndefined();
  expect(fastOf({ type: ["object", "null"] })).toBeUndefined();
  const deep = { a: { type: "string" as const, from: "$.b.c" } };
  expect(fastOf({ type: "object", properties: { b: { type: "object" } } }, deep)).toBeUndefined();
  const many = Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`f${i}`, { type: "string" }]));
  expect(fastOf({ type: "object", properties: many })).toBeUndefined();
});

test("200 types of 20 fields compile within a second", () => {
  const properties = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`f${i}`, { type: "string", pattern: "^[a-z]{1,20}$" }]),
  );
  const type = { schema: { type: "object", properties }, columns: { f1: "keyword", f2: "string" } } as const;
  const types = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`t${i}`, type]));
  const startMs = performance.now();
  const contract = compileContract([documentOf({}, { types })]);
  expect(performance.now() - startMs).toBeLessThan(1_000);
  expect(contract.sources[0]?.types.size).toBe(200);
});
