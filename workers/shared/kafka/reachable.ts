import { logLevel } from "kafkajs";
import { AppError, errorMessage } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import { createKafkaClient } from "./client.ts";
import type { KafkaConfig } from "./config.ts";
import { kafkaCall } from "./errors.ts";

/** After this long without an answer, ms, whoever waits at a terminal is told. */
const PATIENCE_MS = 4_000;

/**
 * Whether some broker answers, found out quickly: the client itself tries for half a minute before it says why not.
 * @throws AppError with the client's code, or `KAFKA_UNREACHABLE`, naming the brokers and their variable.
 */
export async function assertKafkaReachable(config: KafkaConfig, logger: Logger): Promise<void> {
  const { KAFKA_BROKERS: brokers } = config;
  const where = `Kafka at ${brokers.join(",")} (KAFKA_BROKERS)`;
  const kafka = createKafkaClient(config, logger, {
    // Every broker gets its turn.
    retries: brokers.length,
    connectionTimeoutMs: Math.max(1_000, Math.floor((PATIENCE_MS - 500) / (brokers.length + 1))),
  });
  kafka.logger().setLogLevel(logLevel.NOTHING);
  const admin = kafka.admin({ retry: { retries: 0 } });
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => timeout.reject(new AppError("KAFKA_UNREACHABLE", `no answer within ${PATIENCE_MS} ms`, { retry: true })),
    PATIENCE_MS,
  );
  try {
    await Promise.race([kafkaCall(() => admin.connect()), timeout.promise]);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const next = error.next ?? "start Kafka or correct KAFKA_BROKERS, then run the command again";
    const text = `cannot use ${where}: ${errorMessage(error)}`;
    throw new AppError(error.code, text, { retry: error.retry, next, cause: error });
  } finally {
    clearTimeout(timer);
    admin.disconnect().catch(() => undefined);
  }
}
