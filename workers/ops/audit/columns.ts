import type { ColumnDoc, ColumnType, ContractDocument, TypeDoc } from "../../shared/contract/document.ts";
import { keysOf, lookUp, unreadable } from "./paths.ts";
import type { ObjectText } from "./raw-fields.ts";
import { timeReader } from "./times.ts";

/** What a column holds: a text, units of a decimal's last digit or a whole number, Unix ms, a yes or no, a double. */
export type ColumnValue = string | bigint | number | boolean;

/** The values of an event's declared columns, by name; an absent one is not there. */
export type ColumnValues = ReadonlyMap<string, ColumnValue>;

/** Reads the columns of one event type; `undefined` when a value does not fit its column. */
export type ColumnsReader = (json: unknown, text: ObjectText) => ColumnValues | undefined;

const NONE: ColumnValues = new Map();

/** A column's name and type, as the documents declare it. */
export type DeclaredColumn = { readonly name: string; readonly type: ColumnType };

/** All columns that the documents declare, each once, by name. */
export function declaredColumns(documents: readonly ContractDocument[]): DeclaredColumn[] {
  const types = new Map<string, ColumnType>();
  for (const { types: eventTypes = {} } of documents) {
    for (const { columns = {} } of Object.values(eventTypes)) {
      for (const [name, declared] of Object.entries(columns)) types.set(name, asDoc(declared).type);
    }
  }
  return [...types].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, type]) => ({ name, type }));
}

const asDoc = (declared: ColumnType | ColumnDoc): ColumnDoc =>
  typeof declared === "string" ? { type: declared } : declared;

/**
 * Compiles the columns of an event type.
 * @param lenient a value that does not fit is absent: of a message that was judged before the column was declared.
 */
export function compileColumns({ columns = {} }: TypeDoc, { lenient }: { lenient: boolean }): ColumnsReader {
  const readers = Object.entries(columns).map(([name, declared]) => ({
    name,
    read: compileColumn(name, asDoc(declared)),
  }));
  if (readers.length === 0) return () => NONE;
  return (json, text) => {
    const values = new Map<string, ColumnValue>();
    for (const { name, read } of readers) {
      const value = read(json, text);
      if (value === "misfit") {
        if (!lenient) return undefined;
      } else if (value !== undefined) values.set(name, value.is);
    }
    return values;
  };
}

/** A value; undefined when it is absent. */
type Found = { readonly is: ColumnValue } | "misfit" | undefined;

function compileColumn(name: string, { type, from = `$.${name}`, numbers = "digits" }: ColumnDoc) {
  const keys = keysOf(from);
  const fit = fitting(type);
  return (json: unknown, text: ObjectText): Found => {
    const value = lookUp(json, keys);
    if (value === undefined || value === null) return undefined;
    // By its digits as they were sent: a parsed number has lost some of them.
    const digits = typeof value !== "number" ? undefined : numbers === "double" ? String(value) : textAt(text, keys);
    const is = fit(value, digits);
    return is === undefined ? "misfit" : { is };
  };
}

function textAt(text: ObjectText, keys: readonly string[]): string | undefined {
  const last = keys.length - 1;
  let object: ObjectText | undefined = text;
  for (const key of keys.slice(0, last)) object = object?.inner(key);
  return object?.text(keys[last] ?? "");
}

/** Turns a JSON value into a column's; `digits` is the text of a number. Undefined when it does not fit. */
type Fit = (value: unknown, digits: string | undefined) => ColumnValue | undefined;

function fitting(type: ColumnType): Fit {
  if (type === "keyword" || type === "string") return fitText;
  if (type === "bool") return (value) => (typeof value === "boolean" ? value : undefined);
  if (type === "float64") return (value) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
  if (type === "timestamp") return timeReader("rfc3339");
  if (type === "int64") return (value, digits) => inInt64(readDecimal(numberText(value, digits), 19, 0));
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (precision === undefined || Number(precision) > 18) throw unreadable(`a column of type ${type}`);
  return (value, digits) => readDecimal(numberText(value, digits), Number(precision), Number(scale));
}

/** Half a surrogate pair has no UTF-8: what would be stored is not what was sent. */
const fitText: Fit = (value) => (typeof value === "string" && value.isWellFormed() ? value : undefined);

const numberText = (value: unknown, digits: string | undefined) => (typeof value === "string" ? value : digits);

const inInt64 = (value: bigint | undefined) =>
  value !== undefined && BigInt.asIntN(64, value) === value ? value : undefined;

const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * A JSON number's text in units of its last decimal, by value: trailing zeros and exponents do not matter. Undefined when it
 * has more decimals or digits than the column.
 */
function readDecimal(text: string | undefined, precision: number, scale: number): bigint | undefined {
  const [, sign, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text ?? "") ?? [];
  if (sign === undefined) return undefined;
  const digits = stripZeros(whole + fraction);
  if (digits.text === "") return 0n;
  // Zeros to be added behind the last digit that is none.
  const zeros = Number(exponent) - fraction.length + digits.cut + scale;
  if (!(zeros >= 0) || digits.text.length + zeros > precision) return undefined;
  const units = BigInt(digits.text + "0".repeat(zeros));
  return sign === "-" ? -units : units;
}

/** Digits without zeros at either end, and how many were cut off behind. Not by expressions, which are slow on megabytes. */
function stripZeros(digits: string): { text: string; cut: number } {
  let from = 0;
  let to = digits.length;
  while (from < to && digits[from] === "0") from++;
  while (to > from && digits[to - 1] === "0") to--;
  return { text: digits.slice(from, to), cut: digits.length - to };
}
