import { createHash } from "node:crypto";
import type { ContractDocument } from "./document.ts";

/** JSON with sorted keys, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`);
  return `{${fields.join(",")}}`;
}

/**
 * The name of a contract: 16 hexadecimal digits over what its documents say. Comments, the order of keys and the order of
 * the files do not count; the order of lists does.
 */
export function contractHash(documents: readonly ContractDocument[]): string {
  const texts = documents.map(canonicalJson).toSorted();
  return createHash("sha256").update(texts.join("\n")).digest("hex").slice(0, 16);
}
