import { parse } from "yaml";
import type { ContractDocument } from "../../shared/contract/document.ts";
import { SHIPPED_FILES } from "../../shared/contract/shipped.ts";

/** The documents of files that `ops contract check` has accepted; it is the one to find mistakes. */
export function readDocuments(files: readonly { readonly text: string }[]): ContractDocument[] {
  return files.map(({ text }) => parse(text, { schema: "core" }) as ContractDocument);
}

/** The documents that hold where nobody declares others. */
export function shippedDocuments(): ContractDocument[] {
  return readDocuments(SHIPPED_FILES);
}
