import { AppError, errorMessage } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import { someoneListens } from "../runtime/someone-listens.ts";
import { createKafkaClient } from "./client.ts";
import type { KafkaConfig } from "./config.ts";
import { kafkaCall } from "./errors.ts";

/** Brokers at which nobody takes a connection are said to be unreachable after this long, ms. */
const PATIENCE_MS = 3_000;
/** Brokers that take connections, but are slow to answer, as on a busy machine, get this long, ms. */
const SLOW_PATIENCE_MS = 30_000;

/** How messages name the brokers. */
export const whereKafka = ({ KAFKA_BROKERS }: Pick<KafkaConfig, "KAFKA_BROKERS">) =>
  `Kafka at ${KAFKA_BROKERS.join(",")} (KAFKA_BROKERS)`;

/**
 * Whether some broker answers, found out quickly: the client itself tries for half a minute before it says why not.
 * @param onSlow told when somebody takes connections but has not answered within {@link PATIENCE_MS}, with the variable.
 * @throws AppError with the client's code, or `KAFKA_UNREACHABLE`, naming the brokers and their variable.
 */
export async function assertKafkaReachable(
  config: KafkaConfig,
  logger: Logger,
  onSlow: (text: string) => void,
): Promise<void> {
  const where = whereKafka(config);
  const listens = someoneListens(config.KAFKA_BROKERS, PATIENCE_MS);
  try {
    await connectWithin(config, logger, PATIENCE_MS);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (!MAY_BE_SLOW.has(error.code) || !(await listens)) throw named(error, where);
    onSlow(`${where} takes connections but is slow to answer`);
    await connectWithin(config, logger, SLOW_PATIENCE_MS).catch((second: unknown) => {
      throw second instanceof AppError ? named(second, where) : second;
    });
  }
}

/** What a client says that ran out of time; the others say what is wrong. */
const MAY_BE_SLOW: ReadonlySet<string> = new Set([
  "KAFKA_UNREACHABLE",
  "KAFKA_CONNECTION_ERROR",
  "KAFKA_REQUEST_TIMEOUT_ERROR",
]);

async function connectWithin(config: KafkaConfig, logger: Logger, limitMs: number): Promise<void> {
  const brokers = config.KAFKA_BROKERS.length;
  const kafka = createKafkaClient(config, logger, {
    // Every broker gets its turn.
    retries: brokers,
    quiet: true,
    connectionTimeoutMs: Math.max(1_000, Math.floor((limitMs - 500) / (brokers + 1))),
  });
  const admin = kafka.admin({ retry: { retries: 0 } });
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => timeout.reject(new AppError("KAFKA_UNREACHABLE", `no answer within ${limitMs} ms`, { retry: true })),
    limitMs,
  );
  try {
    await Promise.race([kafkaCall(() => admin.connect()), timeout.promise]);
  } finally {
    clearTimeout(timer);
    admin.disconnect().catch(() => undefined);
  }
}

function named(error: AppError, where: string): AppError {
  const next = error.next ?? "start Kafka, or correct KAFKA_BROKERS";
  const text = `cannot use ${where}: ${errorMessage(error)}`;
  return new AppError(error.code, text, { retry: error.retry, next, cause: error });
}
