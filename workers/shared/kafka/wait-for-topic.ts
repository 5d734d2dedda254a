import type { Kafka } from "kafkajs";
import { AppError } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import { retryWithBackoff } from "../runtime/retry.ts";
import { kafkaCall } from "./errors.ts";

/**
 * Waits until the brokers answer and all topics exist; workers do not create them, `ops migrate` does. Says in the log
 * what it waits for. Resolves with the number of partitions per topic.
 */
export async function waitForTopics(
  deps: { kafka: Kafka; logger: Logger; signal?: AbortSignal },
  topics: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { kafka, logger, signal } = deps;
  return retryWithBackoff(() => topicPartitions(kafka, topics), {
    minMs: 200,
    maxMs: 3_000,
    ...(signal ? { signal } : {}),
    onRetry: (error, attempt) => logger.warn({ topics, attempt, error: error.message }, "waiting for Kafka"),
  });
}

async function topicPartitions(kafka: Kafka, topics: readonly string[]): Promise<Map<string, number>> {
  // A client of its own per attempt: one that has failed to connect keeps trying in the background.
  const admin = kafka.admin({ retry: { retries: 1 } });
  try {
    await kafkaCall(() => admin.connect());
    const existing = new Set(await kafkaCall(() => admin.listTopics()));
    const missing = topics.filter((topic) => !existing.has(topic));
    if (missing.length > 0) {
      const names = missing.join(", ");
      throw new AppError("KAFKA_TOPIC_MISSING", `no topic ${names}: run \`ops migrate\``, { retry: true });
    }
    const metadata = await kafkaCall(() => admin.fetchTopicMetadata({ topics: [...topics] }));
    return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]));
  } catch (error) {
    // A refused connection counts as permanent for the client; brokers come back.
    if (error instanceof AppError && !error.retry && error.code.startsWith("KAFKA_")) {
      throw new AppError(error.code, error.message, { retry: true, cause: error });
    }
    throw error;
  } finally {
    admin.disconnect().catch(() => undefined);
  }
}
