import type { ColumnDoc, ColumnType } from "./document.ts";

/** A column with its type and its path in the payload; a short form is written out. */
export const columnOf = (name: string, column: ColumnType | ColumnDoc): ColumnDoc & { readonly from: string } =>
  typeof column === "string" ? { type: column, from: `$.${name}` } : { ...column, from: column.from ?? `$.${name}` };

/** Digits of a decimal, all and behind the point. */
export type Scale = { readonly precision: number; readonly scale: number };

/** The digits of a decimal type; undefined for another type. */
export function decimalOf(type: ColumnType): Scale | undefined {
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(type) ?? [];
  return precision === undefined ? undefined : { precision: Number(precision), scale: Number(scale) };
}

/**
 * Columns that every store has, whatever its contract declares, with a type that is not the one of {@link physicalType}: a
 * number that an event lacks is 0 there.
 */
const CORE_TYPES: ReadonlyMap<string, string> = new Map([["amount", "Decimal(18, 4)"]]);

/** ClickHouse's type of a declared column. An absent text is empty, an absent number NULL. */
export function physicalType(name: string, type: ColumnType): string {
  const core = CORE_TYPES.get(name);
  if (core !== undefined) return core;
  const decimal = decimalOf(type);
  if (decimal !== undefined) return `Nullable(Decimal(${decimal.precision}, ${decimal.scale}))`;
  switch (type) {
    case "keyword":
      return "LowCardinality(String)";
    case "string":
      return "String";
    case "int64":
      return "Nullable(Int64)";
    case "bool":
      return "Nullable(Bool)";
    case "timestamp":
      return "Nullable(DateTime64(3, 'UTC'))";
    default:
      return "Nullable(Float64)";
  }
}
