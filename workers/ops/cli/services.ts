import { pino } from "pino";
import { type ClickHouse, createClickHouse } from "../../shared/clickhouse/client.ts";
import { type Admin, createKafkaClient, type Kafka } from "../../shared/kafka/client.ts";
import { kafkaConfigProblems } from "../../shared/kafka/config.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { createLogReader, type LogReader } from "../../shared/kafka/log-reader.ts";
import { assertKafkaReachable } from "../../shared/kafka/reachable.ts";
import { UnknownTopicError } from "../../shared/kafka/topic-reader.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import { AppError, errorMessage } from "../../shared/runtime/errors.ts";
import type { Logger } from "../../shared/runtime/logger.ts";
import { type OpsConfig, opsConfigSchema } from "../config.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { orInterrupted, throwIfInterrupted } from "./interrupt.ts";
import type { CliIo } from "./io.ts";

/** The services a command works with. */
export type Services = {
  config: OpsConfig;
  kafka: Kafka;
  admin: Admin;
  /** For the proofs: apart from how consumers read. */
  log: LogReader;
  clickhouse: ClickHouse;
  io: CliIo;
};

/** Throw this to end a command with a code and advice; `next` says what to do. */
export class CommandError extends AppError {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    next: string,
  ) {
    super(exitCode === EXIT.usage ? "USAGE" : "COMMAND_FAILED", message, { retry: false, next });
    this.name = "CommandError";
  }
}

/**
 * Runs one command: reads the configuration, connects, runs, disconnects, and turns failures into a line of text, advice
 * and an exit code. An unknown exception is passed on: it is a bug and must be seen.
 */
export function runCommand(
  io: CliIo,
  run: (services: Services) => Promise<ExitCode>,
  options: ConnectOptions = {},
): Promise<void> {
  return runReporting(io, () => withServices(io, run, options));
}

/** The same for a command that connects by itself. `whenInterrupted` is the exit code of a command that runs until then. */
export async function runReporting(
  io: CliIo,
  run: () => Promise<ExitCode>,
  whenInterrupted: ExitCode = EXIT.notProven,
): Promise<void> {
  try {
    io.exit(await orInterrupted(io, run));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "ABORTED") {
      if (whenInterrupted !== EXIT.ok) io.err("interrupted: nothing is proven and some may be done; run it again");
      io.exit(whenInterrupted);
      return;
    }
    io.err(`error: ${errorMessage(error)}`);
    io.err(`next:  ${advice(error)}`);
    io.exit(
      error instanceof CommandError ? error.exitCode : error.code === "CONFIG_INVALID" ? EXIT.usage : EXIT.notProven,
    );
  }
}

/** `waits`: the command itself waits for Kafka and ClickHouse to come up, so that it only says what it waits for. */
export type ConnectOptions = { waits?: boolean };

/** Connects, runs and disconnects; failures are the caller's. */
export async function withServices<T>(
  io: CliIo,
  run: (services: Services) => Promise<T>,
  options: ConnectOptions = {},
): Promise<T> {
  const config = loadConfig(opsConfigSchema, io.env, kafkaConfigProblems);
  const logger = pino({ name: "ops", level: config.LOG_LEVEL }, pino.destination({ fd: 2, sync: true }));
  const clickhouse = createClickHouse(config);
  const kafka = createKafkaClient(config, logger);
  const admin = kafka.admin();
  const log = createLogReader(config, logger);
  try {
    await assertReachable(config, clickhouse, logger).catch((error: unknown) => {
      if (!options.waits || !(error instanceof AppError)) throw error;
      io.err(`waiting: ${error.message}`);
    });
    throwIfInterrupted(io);
    await kafkaCall(() => admin.connect());
    return await run({ config, kafka, admin, log, clickhouse, io });
  } catch (error) {
    throw nameTopic(error, config);
  } finally {
    await Promise.allSettled([admin.disconnect(), log.close(), clickhouse.close()]);
  }
}

/** A wrong address is said within seconds, not when the clients give up. */
async function assertReachable(config: OpsConfig, clickhouse: ClickHouse, logger: Logger): Promise<void> {
  const answers = clickhouse.query("SELECT 1", { signal: AbortSignal.timeout(CLICKHOUSE_PATIENCE_MS) });
  const asked = answers.catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    // A database that is not there yet, a right that is missing: for the command to say.
    if (!UNREACHABLE.test(error.code)) return;
    const text = `cannot use ClickHouse at ${config.CLICKHOUSE_URL} (CLICKHOUSE_URL): ${error.message}`;
    const next = error.next ?? "start ClickHouse or correct CLICKHOUSE_URL, then run the command again";
    throw new AppError(error.code, text, { retry: error.retry, next, cause: error });
  });
  await Promise.all([assertKafkaReachable(config, logger), asked]);
}

const CLICKHOUSE_PATIENCE_MS = 4_000;
const UNREACHABLE = /^CLICKHOUSE_(UNREACHABLE|NOT_CLICKHOUSE|TLS_.*)$/;

const TOPICS = ["KAFKA_EVENTS_TOPIC", "KAFKA_DLQ_TOPIC", "KAFKA_LEDGER_TOPIC"] as const;

/** Adds the variable to the error for a topic that does not exist. */
function nameTopic(error: unknown, config: OpsConfig): unknown {
  if (!(error instanceof UnknownTopicError)) return error;
  const variable = TOPICS.find((name) => config[name] === error.topic) ?? "KAFKA_EVENTS_TOPIC";
  return new AppError(error.code, `there is no topic ${error.topic} (${variable})`, {
    retry: error.retry,
    next: `correct ${variable}, or create the topics with \`ops migrate\``,
    cause: error,
  });
}

function advice(error: AppError): string {
  if (error.next !== undefined) return error.next;
  if (error.code === "CONFIG_INVALID") return "correct the environment variables named above";
  if (error.code === "KAFKA_UNKNOWN_TOPIC_OR_PARTITION") return "create the topics with `ops migrate`";
  if (error.code.startsWith("KAFKA_")) return "check that Kafka answers at KAFKA_BROKERS, then run the command again";
  if (error.code === "CLICKHOUSE_60" || error.code === "CLICKHOUSE_81") return "create the tables with `ops migrate`";
  if (error.code === "CLICKHOUSE_UNREACHABLE")
    return "check that ClickHouse answers at CLICKHOUSE_URL, then run it again";
  return error.retry ? "run the command again" : `look up ${error.code}`;
}
