import type { Services } from "../cli/services.ts";
import { createContract, type Judge } from "./contract.ts";
import { shippedDocuments } from "./documents.ts";

/** The judge of messages by the contract and the limits that the consumers have. */
export function createJudge({ config }: Pick<Services, "config">): Judge {
  const limits = {
    maxAgeMs: config.EVENT_MAX_AGE_DAYS * 86_400_000,
    maxFutureMs: config.EVENT_MAX_FUTURE_MINUTES * 60_000,
    maxBytes: config.EVENT_MAX_BYTES,
  };
  return createContract(limits, shippedDocuments());
}
