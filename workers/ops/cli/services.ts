import { pino } from "pino";
import { type ClickHouse, createClickHouse } from "../../shared/clickhouse/client.ts";
import { assertClickHouseReachable } from "../../shared/clickhouse/reachable.ts";
import { type Admin, createKafkaClient, type Kafka } from "../../shared/kafka/client.ts";
import { kafkaConfigProblems } from "../../shared/kafka/config.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { createLogReader, type LogReader } from "../../shared/kafka/log-reader.ts";
import { assertKafkaReachable } from "../../shared/kafka/reachable.ts";
import { nameTopic } from "../../shared/kafka/topic-reader.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import { AppError, errorMessage } from "../../shared/runtime/errors.ts";
import type { Logger } from "../../shared/runtime/logger.ts";
import { type OpsConfig, opsConfigSchema } from "../config.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { orInterrupted, throwIfInterrupted, unlessInterrupted } from "./interrupt.ts";
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

export type ConnectOptions = {
  /** The command itself waits for Kafka and ClickHouse to come up, so that it only says what it waits for. */
  waits?: boolean;
  /** Told what is slow to answer; default: the terminal. */
  onSlow?: (text: string) => void;
};

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
  let began = false;
  const connect = async () => {
    const onSlow = options.onSlow ?? ((text: string) => io.err(`waiting: ${text}`));
    await assertReachable(config, clickhouse, { logger, onSlow }).catch((error: unknown) => {
      if (!options.waits || !(error instanceof AppError)) throw error;
      io.err(`waiting: ${error.message}`);
    });
    throwIfInterrupted(io);
    await kafkaCall(() => admin.connect());
  };
  try {
    await unlessInterrupted(io, connect());
    began = true;
    return await run({ config, kafka, admin, log, clickhouse, io });
  } catch (error) {
    throw nameTopic(error, config);
  } finally {
    const closed = Promise.allSettled([admin.disconnect(), log.close(), clickhouse.close()]);
    // Nobody waits for the end of connections that were never made.
    if (began) await closed;
  }
}

/** A wrong address is said within seconds, not when the clients give up; who is only slow is waited for. */
async function assertReachable(
  config: OpsConfig,
  clickhouse: ClickHouse,
  { logger, onSlow }: { logger: Logger; onSlow: (text: string) => void },
): Promise<void> {
  await Promise.all([
    assertKafkaReachable(config, logger, onSlow),
    assertClickHouseReachable(config, clickhouse, onSlow),
  ]);
}

function advice(error: AppError): string {
  if (error.next !== undefined) return error.next;
  if (error.code === "CONFIG_INVALID") return "correct the environment variables named above";
  if (error.code === "KAFKA_UNKNOWN_TOPIC_OR_PARTITION") return "create the topics with `ops migrate`";
  if (error.code.startsWith("KAFKA_")) return "check that Kafka answers at KAFKA_BROKERS, then run the command again";
  if (error.code === "CLICKHOUSE_60" || error.code === "CLICKHOUSE_81")
    return "check CLICKHOUSE_DATABASE; `ops migrate` makes a new database and its tables";
  if (error.code === "CLICKHOUSE_UNREACHABLE")
    return "check that ClickHouse answers at CLICKHOUSE_URL, then run it again";
  return error.retry ? "run the command again" : `look up ${error.code}`;
}
