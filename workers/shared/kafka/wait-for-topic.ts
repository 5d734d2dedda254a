import type { Kafka } from "kafkajs";
import { AppError, errorFields } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import { retryWithBackoff } from "../runtime/retry.ts";
import { createKafkaClient } from "./client.ts";
import { type KafkaConfig, topicVariable } from "./config.ts";
import { kafkaCall } from "./errors.ts";
import { whereKafka } from "./reachable.ts";

/** Pause between lines in the log, ms. */
const SAY_EVERY_MS = 3_000;

/**
 * Waits until the brokers answer and all topics exist; workers do not create them, `ops migrate` does. Says in the log
 * what it waits for, in one line every few seconds, and nothing else. Resolves with the number of partitions per topic.
 */
export async function waitForTopics(
  config: KafkaConfig,
  deps: { logger: Logger; signal?: AbortSignal },
  topics: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { logger, signal } = deps;
  // Quick to give up: the reason is to be seen soon, and the attempts are repeated here.
  const kafka = createKafkaClient(config, logger, { retries: 1, quiet: true });
  const where = whereKafka(config);
  let saidAtMs = Number.NEGATIVE_INFINITY;
  let last: { error: Error; attempt: number } | undefined;
  const say = () => {
    if (performance.now() - saidAtMs < SAY_EVERY_MS / 2) return;
    saidAtMs = performance.now();
    const missing = last?.error instanceof AppError && last.error.code === TOPIC_MISSING;
    const fields = { topics, ...(last && { attempt: last.attempt, ...errorFields(last.error) }) };
    if (missing) logger.warn(fields, "waiting for Kafka");
    else if (needsOperator(last?.error)) logger.error(fields, `cannot use ${where} until someone fixes it, retrying`);
    else logger.warn(fields, `cannot reach ${where}, retrying`);
  };
  // One attempt to connect may take several seconds.
  const timer = setInterval(say, SAY_EVERY_MS);
  try {
    return await retryWithBackoff(() => topicPartitions(kafka, config, topics), {
      minMs: 200,
      maxMs: 2_500,
      ...(signal ? { signal } : {}),
      onRetry: (error, attempt) => {
        last = { error, attempt };
        say();
      },
    });
  } finally {
    clearInterval(timer);
  }
}

const TOPIC_MISSING = "KAFKA_TOPIC_MISSING";

async function topicPartitions(
  kafka: Kafka,
  config: KafkaConfig,
  topics: readonly string[],
): Promise<Map<string, number>> {
  // A client of its own per attempt: one that has failed to connect keeps trying in the background.
  const admin = kafka.admin({ retry: { retries: 1 } });
  try {
    await kafkaCall(() => admin.connect());
    const existing = new Set(await kafkaCall(() => admin.listTopics()));
    const missing = topics.filter((topic) => !existing.has(topic));
    if (missing.length > 0) {
      // Brokers list only what the user may see; asked for by name they say why.
      await kafkaCall(() => admin.fetchTopicMetadata({ topics: missing })).catch((error: unknown) => {
        if (error instanceof AppError && error.code === "KAFKA_TOPIC_AUTHORIZATION_FAILED") throw error;
      });
      const variables = missing.map((topic) => topicVariable(topic, config));
      const names = missing.map((topic, i) => `${topic} (${variables[i]})`).join(", ");
      throw new AppError(TOPIC_MISSING, `no topic ${names}`, {
        retry: true,
        next: `create the topics with \`ops migrate\`, or correct ${variables.join(", ")}`,
      });
    }
    const metadata = await kafkaCall(() => admin.fetchTopicMetadata({ topics: [...topics] }));
    return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]));
  } catch (error) {
    // What counts as permanent for the client can be fixed outside: a login, a right, a certificate.
    if (error instanceof AppError && !error.retry && error.code.startsWith("KAFKA_")) {
      throw new AppError(error.code, error.message, { retry: true, cause: error, next: error.next });
    }
    throw error;
  } finally {
    admin.disconnect().catch(() => undefined);
  }
}

function needsOperator(error: Error | undefined): boolean {
  return error?.cause instanceof AppError && !error.cause.retry;
}
