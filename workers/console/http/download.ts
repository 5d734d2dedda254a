import type { Context } from "hono";
import type { Format } from "./query.ts";

const TYPES = { csv: "text/csv; charset=utf-8", ndjson: "application/x-ndjson" } as const;

/** Rows as a file: CSV with a header line, or one JSON object a line. */
export function rowsFile(
  c: Context,
  name: string,
  format: Exclude<Format, "json">,
  rows: readonly Readonly<Record<string, unknown>>[],
): Response {
  const lines = format === "csv" ? toCsv(rows) : rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  return c.body(lines, 200, fileHeaders(name, format));
}

/** The same from a stream. Waits for its first bytes, so that a failed query gets the status it deserves. */
export async function streamFile(
  c: Context,
  name: string,
  format: Exclude<Format, "json">,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Response> {
  const iterator = chunks[Symbol.asyncIterator]();
  let next = await iterator.next();
  // Nobody reads the body of an answer to HEAD: the query would stay open.
  if (c.req.method === "HEAD") {
    await iterator.return?.(undefined);
    return c.body(null, 200, fileHeaders(name, format));
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (next.done) return controller.close();
      // Copied: the client may reuse its buffer for the next chunk.
      controller.enqueue(Uint8Array.from(next.value));
      next = await iterator.next();
    },
    async cancel() {
      await iterator.return?.(undefined);
    },
  });
  return c.body(body, 200, fileHeaders(name, format));
}

function fileHeaders(name: string, format: Exclude<Format, "json">): Record<string, string> {
  return { "content-type": TYPES[format], "content-disposition": `attachment; filename="${name}.${format}"` };
}

/** CSV as spreadsheets read it: quoted, and what they would take for a formula gets an apostrophe in front. */
export function toCsv(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => columns.map((column) => csvCell(row[column])).join(","));
  return [columns.map(csvCell).join(","), ...lines, ""].join("\r\n");
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const defused = /^[=+@\t\r-]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return `"${defused.replaceAll('"', '""')}"`;
}
