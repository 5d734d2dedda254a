import { pino } from "pino";
import { type ClickHouse, createClickHouse } from "../../shared/clickhouse/client.ts";
import { type Admin, createKafkaClient, type Kafka } from "../../shared/kafka/client.ts";
import { kafkaConfigProblems } from "../../shared/kafka/config.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { createLogReader, type LogReader } from "../../shared/kafka/log-reader.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import { AppError, errorMessage } from "../../shared/runtime/errors.ts";
import { type OpsConfig, opsConfigSchema } from "../config.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
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
export function runCommand(io: CliIo, run: (services: Services) => Promise<ExitCode>): Promise<void> {
  return runReporting(io, () => withServices(io, run));
}

/** The same for a command that connects by itself. */
export async function runReporting(io: CliIo, run: () => Promise<ExitCode>): Promise<void> {
  try {
    io.exit(await run());
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    io.err(`error: ${errorMessage(error)}`);
    io.err(`next:  ${advice(error)}`);
    io.exit(
      error instanceof CommandError ? error.exitCode : error.code === "CONFIG_INVALID" ? EXIT.usage : EXIT.notProven,
    );
  }
}

/** Connects, runs and disconnects; failures are the caller's. */
export async function withServices<T>(io: CliIo, run: (services: Services) => Promise<T>): Promise<T> {
  const config = loadConfig(opsConfigSchema, io.env, kafkaConfigProblems);
  const logger = pino({ name: "ops", level: config.LOG_LEVEL }, pino.destination({ fd: 2, sync: true }));
  const clickhouse = createClickHouse(config);
  const kafka = createKafkaClient(config, logger);
  const admin = kafka.admin();
  const log = createLogReader(config, logger);
  try {
    await kafkaCall(() => admin.connect());
    return await run({ config, kafka, admin, log, clickhouse, io });
  } finally {
    await Promise.allSettled([admin.disconnect(), log.close(), clickhouse.close()]);
  }
}

function advice(error: AppError): string {
  if (error.next !== undefined) return error.next;
  if (error.code === "CONFIG_INVALID") return "correct the environment variables named above";
  if (error.code === "ABORTED") return "run the command again to start over; nothing was left half done";
  if (error.code === "KAFKA_UNKNOWN_TOPIC_OR_PARTITION") return "create the topics with `ops migrate`";
  if (error.code.startsWith("KAFKA_")) return "check that Kafka answers at KAFKA_BROKERS, then run the command again";
  if (error.code === "CLICKHOUSE_60" || error.code === "CLICKHOUSE_81") return "create the tables with `ops migrate`";
  if (error.code === "CLICKHOUSE_UNREACHABLE")
    return "check that ClickHouse answers at CLICKHOUSE_URL, then run it again";
  return error.retry ? "run the command again" : `look up ${error.code}`;
}
