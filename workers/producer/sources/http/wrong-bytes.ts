import { foreignFormat } from "../../../shared/event/foreign-format.ts";

/**
 * What is wrong with a body as a whole, with what to send instead: one answer instead of a verdict on each piece of it.
 * Undefined: nothing that its first bytes show.
 */
export function wrongBytes(body: Buffer): string | undefined {
  if (body[0] === 0x1f && body[1] === 0x8b) return "it is compressed with gzip: send Content-Encoding: gzip with it";
  const format = foreignFormat(body);
  if (format === undefined) return undefined;
  if (format.includes("zstd")) return "it is compressed with zstd: send Content-Encoding: zstd with it";
  return `it is ${format}`;
}
