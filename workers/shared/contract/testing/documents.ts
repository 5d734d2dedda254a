import type { ContractDocument } from "../document.ts";
import { SHIPPED_FILES } from "../shipped.ts";

/** The shipped documents. */
export const SHIPPED_DOCUMENTS: readonly ContractDocument[] = SHIPPED_FILES.map(
  ({ text }) => Bun.YAML.parse(text) as ContractDocument,
);

/** A document of one type, with whatever is given in place. */
export function documentOf(type: NonNullable<ContractDocument["types"]>[string], more: Partial<ContractDocument> = {}) {
  const document: ContractDocument = {
    apiVersion: "countinghouse/v1",
    source: "shop",
    match: [{ path: "$.source", equals: "shop" }],
    types: { order: type },
    ...more,
  };
  return document;
}
