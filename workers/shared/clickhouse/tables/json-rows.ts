import type { EncodedRows } from "./events-raw.ts";

/** Rows as JSONEachRow, for tables that get a few rows a minute and have no need of RowBinary's speed. */
export function encodeJsonRows(rows: Iterable<Readonly<Record<string, unknown>>>): EncodedRows {
  const text = [...rows].map((row) => JSON.stringify(row)).join("\n");
  return { format: "JSONEachRow", pieces: [new TextEncoder().encode(text)] };
}

/** Unix ms as DateTime64(3, 'UTC') reads it from text; null stays null. */
export function dateTime64(ms: number): string;
export function dateTime64(ms: number | undefined): string | null;
export function dateTime64(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}
