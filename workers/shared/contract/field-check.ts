import { decimalOf } from "./columns.ts";
import type { ColumnOf, FieldCheck } from "./contract.ts";
import type { JsonSchema } from "./document.ts";

const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;
/** Digits that a double holds exactly, whatever they are. */
const DOUBLE_DIGITS = 15;

/** Say nothing about a value. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...["title", "description", "examples", "default", "deprecated", "readOnly", "writeOnly", "$comment", "format"],
]);

/** Keywords of a field that say something about its value. */
type Keywords = Readonly<Record<string, unknown>>;

/** What a scanner checks of a field, and of the column that takes its value; undefined when it cannot. */
export function compileCheck(schema: JsonSchema | boolean, taking: ColumnOf | undefined): FieldCheck | undefined {
  if (typeof schema === "boolean") return schema && taking === undefined ? { kind: "any", first: 0 } : undefined;
  const keywords = Object.fromEntries(Object.entries(schema).filter(([keyword]) => !ANNOTATIONS.has(keyword)));
  const { type, ...rest } = keywords;
  if (Array.isArray(type) && type.length === 2 && type.includes("null")) {
    const inner = compileCheck({ type: type.find((name) => name !== "null"), ...rest }, taking);
    // What an enumeration or a constant lists need not have null.
    return inner === undefined || "enum" in rest || "const" in rest ? undefined : { kind: "nullable", inner };
  }
  return taking === undefined ? freeCheck(keywords) : columnCheck(keywords, taking);
}

/** Of a field that no column takes. */
function freeCheck(keywords: Keywords): FieldCheck | undefined {
  const { type, ...rest } = keywords;
  switch (type) {
    case undefined:
      if (isEmpty(rest)) return { kind: "any", first: 0 };
      return "enum" in rest || "const" in rest ? stringCheck(rest, false) : undefined;
    case "string":
      return stringCheck(rest, false);
    case "number":
      return numberCheck(rest);
    case "integer":
      return integerCheck(rest);
    case "boolean":
      return isEmpty(rest) ? { kind: "boolean" } : undefined;
    case "object":
      return isEmpty(rest) ? { kind: "any", first: OPENING_BRACE } : undefined;
    case "array":
      return arrayCheck(rest);
    default:
      return undefined;
  }
}

/** Of a field whose value goes into a column, which must hold it as well. */
function columnCheck(keywords: Keywords, { column }: ColumnOf): FieldCheck | undefined {
  const { type, ...rest } = keywords;
  switch (column.type) {
    case "keyword":
    case "string":
      return type === "string" ? stringCheck(rest, true) : undefined;
    case "int64":
      return type === "integer" ? integerCheck(rest) : undefined;
    case "bool":
      return type === "boolean" && isEmpty(rest) ? { kind: "boolean" } : undefined;
    case "timestamp":
    case "float64":
      return undefined;
    default: {
      const digits = decimalOf(column.type);
      return digits && limited(decimalCheck(keywords, digits.precision - digits.scale, digits.scale));
    }
  }
}

type DecimalCheck = Extract<FieldCheck, { kind: "decimal" }>;

/** The same with so few digits that a double holds each of its values; what has more is left to the judge. */
function limited(check: DecimalCheck | undefined): DecimalCheck | undefined {
  if (check === undefined || check.whole < 1 || check.scale >= DOUBLE_DIGITS) return undefined;
  return { ...check, whole: Math.min(check.whole, DOUBLE_DIGITS - check.scale) };
}

/** Digits that a text's pattern allows: the form of the shipped amounts, with other counts. */
const DECIMAL_PATTERN = /^\^\(\?:0\|\[1-9\]\[0-9\]\{0,(\d+)\}\)\(\?:\\\.\[0-9\]\{1,(\d+)\}\)\?\$$/;

function decimalCheck(keywords: Keywords, whole: number, scale: number): DecimalCheck | undefined {
  const { type, anyOf, ...rest } = keywords;
  const open = { kind: "decimal", whole, scale, texts: false, numbers: false, negative: true } as const;
  if (Array.isArray(anyOf) && type === undefined && isEmpty(rest)) {
    const [texts, numbers, ...more] = anyOf.map((form: JsonSchema) => decimalCheck(form, whole, scale));
    const isPair = more.length === 0 && texts?.texts === true && numbers?.numbers === true;
    if (!isPair || texts.whole !== numbers.whole || texts.negative !== numbers.negative) return undefined;
    return { ...texts, scale: Math.min(texts.scale, numbers.scale), numbers: true };
  }
  if (type === "string") return decimalText(rest, open);
  if (type === "number") return decimalNumber(rest, open);
  const both = Array.isArray(type) && type.length === 2 && type.includes("string") && type.includes("number");
  return both && isEmpty(rest) ? { ...open, texts: true, numbers: true } : undefined;
}

function decimalText(keywords: Keywords, open: DecimalCheck): DecimalCheck | undefined {
  if (isEmpty(keywords)) return { ...open, texts: true };
  const { pattern, ...rest } = keywords;
  const [, more, decimals] = typeof pattern === "string" ? (DECIMAL_PATTERN.exec(pattern) ?? []) : [];
  if (more === undefined || !isEmpty(rest)) return undefined;
  const whole = Math.min(open.whole, Number(more) + 1);
  return { ...open, whole, scale: Math.min(open.scale, Number(decimals)), texts: true, negative: false };
}

/** Limits that are a count of digits. */
function decimalNumber(keywords: Keywords, open: DecimalCheck): DecimalCheck | undefined {
  if (isEmpty(keywords)) return { ...open, numbers: true };
  const { minimum, exclusiveMaximum, ...rest } = keywords;
  if (minimum !== 0 || !isEmpty(rest)) return undefined;
  const digits = exclusiveMaximum === undefined ? open.whole : Math.log10(Number(exclusiveMaximum));
  if (!Number.isInteger(digits) || 10 ** digits !== (exclusiveMaximum ?? 10 ** open.whole)) return undefined;
  return { ...open, whole: Math.min(open.whole, digits), numbers: true, negative: false };
}

function stringCheck(keywords: Keywords, plain: boolean): FieldCheck | undefined {
  const { minLength = 0, maxLength = Number.MAX_SAFE_INTEGER, pattern, ...rest } = keywords;
  const [min, max] = [Number(minLength), Number(maxLength)];
  const options = "const" in rest ? [rest.const] : rest.enum;
  if (Array.isArray(options)) {
    if (Object.keys(keywords).length > 1 || !options.every((option) => typeof option === "string")) return undefined;
    return { kind: "one_of", options: options.map((option) => Buffer.from(option)) };
  }
  if (!isEmpty(rest)) return undefined;
  if (pattern === undefined) return { kind: "string", min, max, plain };
  const run = typeof pattern === "string" ? asciiRun(pattern) : undefined;
  return run === undefined
    ? undefined
    : { kind: "ascii_run", allowed: run.allowed, min: Math.max(min, run.min), max: Math.min(max, run.max) };
}

/** One class of ASCII characters, repeated: `^[A-Z]{3}$`. */
const RUN = /^\^\[([\w .:,;@/+-]+)\](?:\{(\d+)(?:(,)(\d*))?\}|([+*]))\$$/;

function asciiRun(pattern: string): { allowed: Uint8Array; min: number; max: number } | undefined {
  const [, members, from, comma, to, sign] = RUN.exec(pattern) ?? [];
  if (members === undefined) return undefined;
  const allowed = new Uint8Array(256);
  for (let i = 0; i < members.length; i++) {
    const isRange = members[i + 1] === "-" && i + 2 < members.length;
    const first = members.charCodeAt(i);
    if (isRange) i += 2;
    allowed.fill(1, first, members.charCodeAt(i) + 1);
  }
  const most = Number.MAX_SAFE_INTEGER;
  if (sign !== undefined) return { allowed, min: sign === "+" ? 1 : 0, max: most };
  return { allowed, min: Number(from), max: comma === undefined ? Number(from) : to === "" ? most : Number(to) };
}

/** Limits, inclusive; a number without any need not be read. */
function numberCheck(keywords: Keywords): FieldCheck | undefined {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, ...rest } = keywords;
  if (!isEmpty(rest)) return undefined;
  return { kind: "number", min: Number(minimum), max: Number(maximum) };
}

function integerCheck(keywords: Keywords): FieldCheck | undefined {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, ...rest } = keywords;
  if (!isEmpty(rest)) return undefined;
  return { kind: "integer", min: Number(minimum), max: Number(maximum) };
}

function arrayCheck(keywords: Keywords): FieldCheck | undefined {
  const { items, ...rest } = keywords;
  if (!isEmpty(rest)) return undefined;
  if (items === undefined || items === true) return { kind: "any", first: OPENING_BRACKET };
  const item = compileCheck(items as JsonSchema, undefined);
  return item?.kind === "integer" ? { ...item, kind: "integers" } : undefined;
}

function isEmpty(keywords: Keywords): boolean {
  return Object.keys(keywords).length === 0;
}
