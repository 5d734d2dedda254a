import { expect, test } from "bun:test";
import { z } from "zod";
import { commonFields, eventOf, webEventOf } from "../envelope.ts";
import { moneyFields } from "../money.ts";
import { EVENT_TYPES } from "../schema.ts";
import { compileEvent, compileEventRules } from "./payload-rules.ts";

const compilable = (payload: z.ZodType) => compileEvent("web", webEventOf("x", payload)) !== undefined;

test("every event type of the contract has a rule", () => {
  const names = compileEventRules().map(({ source, eventType }) => `${source}/${eventType}`);
  const expected = Object.entries(EVENT_TYPES).flatMap(([source, types]) => types.map((type) => `${source}/${type}`));
  expect(names.toSorted()).toEqual(expected.toSorted());
});

test("what is not understood exactly has none, so that zod judges it", () => {
  expect(compilable(z.looseObject({ ...moneyFields, a: z.string().optional(), b: z.int().min(3) }))).toBe(true);
  const objects = [
    z.object({ a: z.string() }),
    z.strictObject({ a: z.string() }),
    z.looseObject({ a: z.string() }).refine(() => false),
    z.looseObject({ a: z.string() }).nullable(),
    z.looseObject({ a: z.string() }).transform((value) => value),
    z.record(z.string(), z.string()),
    z.string(),
  ];
  for (const payload of objects) expect([payload.type, compilable(payload)]).toEqual([payload.type, false]);
  const fields = [
    z.string().min(1),
    z.string().trim(),
    z.string().nullable(),
    z.string().default("x"),
    z.email(),
    z.coerce.string(),
    z.coerce.number(),
    z.number().min(0),
    z.int().max(10),
    z.int().gt(3),
    z.int().multipleOf(2),
    z.array(z.string()),
    z.array(z.int()).max(3),
    z.enum({ a: 1 }),
    z.boolean(),
    z.literal("x"),
    z.union([z.string(), z.number()]),
    z.looseObject({}),
  ];
  for (const field of fields) {
    expect([field.type, compilable(z.looseObject({ field }))]).toEqual([field.type, false]);
    expect([field.type, compilable(z.looseObject({ field: field.optional() }))]).toEqual([field.type, false]);
  }
});

test("other rules for the common fields have none", () => {
  const shape = {
    event_type: z.literal("x"),
    source: z.literal("sensor"),
    ...commonFields,
    payload: z.looseObject({}),
  };
  expect(compileEvent("sensor", z.looseObject(shape))).toBeDefined();
  expect(compileEvent("mobile", z.looseObject(shape))).toBeUndefined();
  expect(compileEvent("sensor", z.looseObject({ ...shape, user_id: z.string() }))).toBeUndefined();
  expect(compileEvent("sensor", z.looseObject({ ...shape, event_type: z.enum(["x", "y"]) }))).toBeUndefined();
  expect(compileEvent("sensor", z.looseObject({ ...shape, more: z.string().optional() }))).toBeUndefined();
  expect(compileEvent("sensor", z.looseObject({ ...shape, source: z.literal("sensor").optional() }))).toBeUndefined();
  expect(
    compileEvent(
      "sensor",
      eventOf("sensor", "x", z.looseObject({})).refine(() => false),
    ),
  ).toBeUndefined();
});
