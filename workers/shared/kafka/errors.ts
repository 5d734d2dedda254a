import { KafkaJSError, KafkaJSNumberOfRetriesExceeded } from "kafkajs";
import { AppError } from "../runtime/errors.ts";

/**
 * A failure of the Kafka client as an AppError: `code` is `KAFKA_<TYPE>` from the protocol's error name (for example
 * `KAFKA_REBALANCE_IN_PROGRESS`) or the client's error class; `retry` is the client's own judgement.
 * Anything that is not a Kafka client error is returned as it is: an unknown exception must crash.
 */
export function toKafkaError(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof KafkaJSError)) return error;
  const inner =
    error instanceof KafkaJSNumberOfRetriesExceeded && error.cause instanceof KafkaJSError ? error.cause : error;
  const type = "type" in inner && typeof inner.type === "string" ? inner.type : screaming(inner.name);
  return new AppError(`KAFKA_${type}`, inner.message, {
    // Running out of retries says the cause lasted long, not that it is permanent.
    retry: inner.retriable || error instanceof KafkaJSNumberOfRetriesExceeded,
    cause: error,
  });
}

/** `KafkaJSConnectionError` → `CONNECTION_ERROR`. */
function screaming(name: string): string {
  return name
    .replace(/^KafkaJS/, "")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toUpperCase();
}

/** Runs a client call and converts its failure with {@link toKafkaError}. */
export async function kafkaCall<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toKafkaError(error);
  }
}
