import type { z } from "zod";
import { commonFields, DEFAULT_SOURCE, type Source } from "../envelope.ts";
import { AmountSchema, CurrencySchema } from "../money.ts";
import { SOURCE_SCHEMAS } from "../schema.ts";

/**
 * The zod schemas of the contract as tables that a scanner of bytes can follow. Made from the schemas' own definitions when
 * the process starts. Whatever is not understood exactly leaves its event type out: such events are judged by zod itself,
 * so that a new kind of rule makes them slower, never wrong.
 */

/** What the value of a field must be. */
export type FieldCheck =
  | { readonly kind: "string" }
  | { readonly kind: "number" }
  | { readonly kind: "integer"; readonly min: number }
  | { readonly kind: "integers"; readonly min: number }
  | { readonly kind: "one_of"; readonly options: readonly Uint8Array[] }
  | { readonly kind: "amount" }
  | { readonly kind: "currency" };

export type FieldRule = { readonly name: Uint8Array; readonly check: FieldCheck };

/** One event type: how it is named, and what its payload must be. */
export type EventRule = {
  readonly source: Source;
  readonly eventType: string;
  readonly sourceBytes: Buffer;
  readonly eventTypeBytes: Buffer;
  readonly payloadRequired: boolean;
  readonly fields: readonly FieldRule[];
  /** Bit i stands for `fields[i]`. */
  readonly requiredFields: number;
};

/** The parts of zod's definitions that are looked at; what is not named here must not occur. */
type Definition = {
  type: string;
  checks?: readonly { _zod: { def: Record<string, unknown> } }[];
  innerType?: z.core.$ZodType;
  shape?: Record<string, z.core.$ZodType>;
  catchall?: z.core.$ZodType;
  entries?: Record<string, string | number>;
  element?: z.core.$ZodType;
  values?: readonly unknown[];
  check?: string;
  format?: string;
  coerce?: boolean;
};

/** As many fields as there are bits in a mask. */
const MAX_FIELDS = 30;
const COMMON_FIELDS: Readonly<Record<string, z.core.$ZodType>> = commonFields;

/** The rules of all event types that could be compiled. */
export function compileEventRules(): EventRule[] {
  const options = Object.entries(SOURCE_SCHEMAS).flatMap(([source, schema]) =>
    schema.options.map((option: z.core.$ZodType) => compileEvent(source as Source, option)),
  );
  return options.filter((rule) => rule !== undefined);
}

function definition(schema: z.core.$ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

/** An object that keeps unknown fields and has no rule beyond its fields. */
function shapeOf(schema: z.core.$ZodType): Record<string, z.core.$ZodType> | undefined {
  const { type, shape, checks = [], catchall } = definition(schema);
  if (type !== "object" || shape === undefined || checks.length > 0) return undefined;
  return catchall !== undefined && definition(catchall).type === "unknown" ? shape : undefined;
}

function unwrapOptional(schema: z.core.$ZodType): { inner: z.core.$ZodType; required: boolean } {
  const { type, innerType } = definition(schema);
  return type === "optional" && innerType !== undefined
    ? { inner: innerType, required: false }
    : { inner: schema, required: true };
}

function literalOf(schema: z.core.$ZodType): string | undefined {
  const { type, values = [], checks = [] } = definition(schema);
  const [value] = values;
  return type === "literal" && values.length === 1 && checks.length === 0 && typeof value === "string"
    ? value
    : undefined;
}

/** Exported for tests. */
export function compileEvent(source: Source, schema: z.core.$ZodType): EventRule | undefined {
  const shape = shapeOf(schema);
  if (shape?.event_type === undefined || shape.source === undefined || shape.payload === undefined) return undefined;
  const { event_type: eventTypeSchema, source: sourceSchema, payload, ...common } = shape;
  const names = Object.keys(common);
  const isCommon = (name: string) => common[name] !== undefined && common[name] === COMMON_FIELDS[name];
  if (names.length !== Object.keys(COMMON_FIELDS).length || !names.every(isCommon)) return undefined;
  const eventType = literalOf(eventTypeSchema);
  const named = unwrapOptional(sourceSchema);
  // A source need not be named only where the default is meant.
  if (literalOf(named.inner) !== source || named.required !== (source !== DEFAULT_SOURCE)) return undefined;
  const { inner, required: payloadRequired } = unwrapOptional(payload);
  const fields = compileFields(inner);
  if (eventType === undefined || fields === undefined) return undefined;
  return {
    source,
    eventType,
    sourceBytes: Buffer.from(source),
    eventTypeBytes: Buffer.from(eventType),
    payloadRequired,
    ...fields,
  };
}

function compileFields(payload: z.core.$ZodType): Pick<EventRule, "fields" | "requiredFields"> | undefined {
  const entries = Object.entries(shapeOf(payload) ?? { "": payload });
  if (entries.length > MAX_FIELDS) return undefined;
  const fields: FieldRule[] = [];
  let requiredFields = 0;
  for (const [name, schema] of entries) {
    const { inner, required } = unwrapOptional(schema);
    const check = compileCheck(inner);
    if (name === "" || check === undefined) return undefined;
    if (required) requiredFields |= 1 << fields.length;
    fields.push({ name: Buffer.from(name), check });
  }
  return { fields, requiredFields };
}

function compileCheck(schema: z.core.$ZodType): FieldCheck | undefined {
  if (schema === AmountSchema) return { kind: "amount" };
  if (schema === CurrencySchema) return { kind: "currency" };
  const { type, checks = [], entries, element, check, coerce } = definition(schema);
  // A format of its own, such as an e-mail address, makes the schema itself a check.
  if (coerce === true || (check !== undefined && type !== "number")) return undefined;
  switch (type) {
    case "string":
      return checks.length === 0 ? { kind: "string" } : undefined;
    case "number":
      return compileNumber(definition(schema));
    case "enum": {
      const options = Object.values(entries ?? {});
      if (checks.length > 0 || !options.every((option) => typeof option === "string")) return undefined;
      return { kind: "one_of", options: options.map((option) => Buffer.from(option)) };
    }
    case "array": {
      const item = element && checks.length === 0 ? compileCheck(element) : undefined;
      return item?.kind === "integer" ? { kind: "integers", min: item.min } : undefined;
    }
    default:
      return undefined;
  }
}

/** `z.number()` alone, or `z.int()` with at most a lower limit. */
function compileNumber({ checks = [], check, format }: Definition): FieldCheck | undefined {
  if (check === undefined && checks.length === 0) return { kind: "number" };
  if (check !== "number_format" || format !== "safeint") return undefined;
  let min = Number.MIN_SAFE_INTEGER;
  for (const { _zod } of checks) {
    const { check: name, value, inclusive, format: own } = _zod.def;
    if (name === "number_format" && own === "safeint") continue;
    if (name !== "greater_than" || inclusive !== true || typeof value !== "number") return undefined;
    min = Math.max(min, value);
  }
  return { kind: "integer", min };
}
