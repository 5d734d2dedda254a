import { type Command, InvalidArgumentError } from "commander";
import { createClickHouse, NO_DATABASE } from "../../shared/clickhouse/client.ts";
import { ClickHouseError } from "../../shared/clickhouse/errors.ts";
import {
  assertLedgerPartitions,
  noteLedgerPartitions,
  readLedgerPartitions,
} from "../../shared/clickhouse/ledger-partitions.ts";
import { metricsNotStored } from "../../shared/clickhouse/metrics/objects.ts";
import { createDatabase, databaseEngine, migrate } from "../../shared/clickhouse/migrate.ts";
import { RETENTION_SLACK_DAYS, rawRetentionDays, setRawRetention } from "../../shared/clickhouse/retention.ts";
import { shippedContract } from "../../shared/contract/shipped-contract.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { fetchTopicRanges } from "../../shared/kafka/topic-reader.ts";
import { ensureTopics, topicSpecs } from "../../shared/kafka/topics.ts";
import { retryWithBackoff } from "../../shared/runtime/retry.ts";
import { EXIT, EXIT_HELP, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { parseCount, parseDuration } from "../cli/options.ts";
import { CommandError, runCommand, type Services } from "../cli/services.ts";

type MigrateOptions = {
  rawRetentionDays?: number;
  partitions: number;
  dlqPartitions?: number;
  replicationFactor: number;
  minInsyncReplicas?: number;
  topicRetention: number;
  topics: boolean;
  wait: number;
  owner?: string;
};

const HELP = `
Examples:
  ops migrate                              create or update tables, views and topics
  ops migrate --raw-retention-days 30      keep raw events for 30 days
  ops migrate --partitions 12 --replication-factor 3
  CLICKHOUSE_CLUSTER=countinghouse ops migrate    a new database is made on every replica of the cluster
${EXIT_HELP}`;

/** `ops migrate`: brings database and topics to what this binary needs. Safe to run at any time, any number of times. */
export function registerMigrate(program: Command, io: CliIo): void {
  program
    .command("migrate")
    .description("create or update the database, its tables and views, and the topics")
    .option(
      "--raw-retention-days <days>",
      "days for which raw events are kept (default: as it is, 90 at first)",
      parseDays,
    )
    .option("--partitions <n>", "partitions of the events and dead-letter topics, when they are created", parseCount, 6)
    .option("--dlq-partitions <n>", "partitions of the dead-letter topic, where it has others", parseCount)
    .option("--replication-factor <n>", "replicas of each partition, when topics are created", parseCount, 1)
    .option(
      "--min-insync-replicas <n>",
      "replicas that must have a write, when topics are created (default: the broker's own)",
      parseCount,
    )
    .option(
      "--topic-retention <time>",
      "how long the events topic keeps messages, when it is created",
      parseDuration,
      7 * 86_400_000,
    )
    .option("--no-topics", "leave the topics alone: something else creates them, such as Strimzi")
    .option(
      "--owner <user>",
      "ClickHouse user whose rights the views run with (default: the one that migrates); needs GRANT SET DEFINER",
    )
    .option("--wait <time>", "wait this long for ClickHouse to answer", parseDuration, 60_000)
    .addHelpText("after", HELP)
    .action((options: MigrateOptions) => runCommand(io, (services) => runMigrate(services, options), { waits: true }));
}

async function runMigrate(services: Services, options: MigrateOptions): Promise<ExitCode> {
  const { config, clickhouse, io } = services;
  await prepareDatabase(services, options.wait);
  await refuseSingle(services);

  const contract = shippedContract();
  const report = await migrate(clickhouse, {
    contract,
    ...(options.owner === undefined ? {} : { owner: options.owner }),
    onApplied: ({ version, name }) => io.err(`migration ${version} ${name}: applied`),
  });
  const { created, applied, replaced, secured } = report;
  io.out(
    `schema: ${created.length} tables created, ${applied.length} migrations applied, ${replaced.length} views defined ` +
      `(${config.CLICKHOUSE_DATABASE})`,
  );
  const notStored = metricsNotStored(contract);
  if (notStored.length > 0) io.out(`metrics that this version does not compute yet: ${notStored.join(", ")}`);
  if (secured.length > 0) io.out(`views given their owner or security: ${secured.join(", ")}`);

  const wanted = options.rawRetentionDays;
  if (wanted !== undefined) {
    if (wanted - RETENTION_SLACK_DAYS < config.EVENT_MAX_AGE_DAYS) {
      throw new CommandError(
        EXIT.usage,
        `raw events kept for ${wanted} days, but events of up to ${config.EVENT_MAX_AGE_DAYS} days are accepted`,
        `set EVENT_MAX_AGE_DAYS to ${Math.max(1, wanted - RETENTION_SLACK_DAYS)} or less for all workers first, or keep raw events for longer`,
      );
    }
    await setRawRetention(clickhouse, wanted);
  }
  io.out(`raw events: kept for ${await rawRetentionDays(clickhouse)} days`);

  if (options.topics) await prepareTopics(services, options);
  await keepLedgerPartitions(services);
  return EXIT.ok;
}

async function prepareTopics({ config, admin, io }: Services, options: MigrateOptions): Promise<void> {
  const { dlqPartitions, minInsyncReplicas } = options;
  const specs = topicSpecs(config, {
    partitions: options.partitions,
    retentionMs: options.topicRetention,
    ...(dlqPartitions === undefined ? {} : { deadLetterPartitions: dlqPartitions }),
    ...(minInsyncReplicas === undefined ? {} : { minInsyncReplicas }),
  });
  const created = await ensureTopics(admin, specs, options.replicationFactor, io.signal);
  io.out(`topics: ${created.length === 0 ? "all there" : `created ${created.join(", ")}`}`);
}

/** Notes how many partitions the ledger topic has. @throws AppError `CONFIG_INVALID` when they became more. */
async function keepLedgerPartitions({ config, admin, clickhouse, io }: Services): Promise<void> {
  const topic = config.KAFKA_LEDGER_TOPIC;
  if (!(await kafkaCall(() => admin.listTopics())).includes(topic)) return;
  // A topic just created may not be led yet.
  const patience = { minMs: 500, maxMs: 2_000, retries: 5, signal: io.signal };
  const partitions = (await retryWithBackoff(() => fetchTopicRanges(admin, topic), patience)).length;
  const noted = await readLedgerPartitions(clickhouse, topic);
  assertLedgerPartitions(topic, noted, partitions);
  if (noted === undefined) await noteLedgerPartitions(clickhouse, topic, partitions);
}

/** Server code of a user who may change no setting: transient for a worker under way, but nothing to wait for here. */
const READONLY = 164;
const UNKNOWN_DATABASE = 81;

/** Creates the database where it is missing; where it is there, no right to create one is needed. */
async function prepareDatabase({ config, clickhouse, io }: Services, waitMs: number): Promise<void> {
  const ensure = async () => {
    try {
      await clickhouse.command("SELECT 1");
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
      if (error.serverCode === READONLY) throw final(error);
      if (error.serverCode !== UNKNOWN_DATABASE) throw error;
      // A server refuses connections that name a missing database; this one names none.
      const server = createClickHouse({ ...config, CLICKHOUSE_DATABASE: NO_DATABASE });
      try {
        await createDatabase(server, config.CLICKHOUSE_DATABASE, config.CLICKHOUSE_CLUSTER);
      } finally {
        await server.close();
      }
    }
  };
  const deadline = io.clock.now() + waitMs;
  try {
    await retryWithBackoff(ensure, {
      minMs: 250,
      maxMs: 2_000,
      signal: AbortSignal.any([io.signal, AbortSignal.timeout(Math.max(1, deadline - io.clock.now()))]),
      onRetry: (error, attempt) => {
        if (attempt === 1) io.err(`waiting for ClickHouse at ${config.CLICKHOUSE_URL}: ${error.message}`);
      },
    });
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") {
      throw new CommandError(
        EXIT.notProven,
        `ClickHouse at ${config.CLICKHOUSE_URL} did not answer within ${waitMs / 1000} s`,
        "start it, or correct CLICKHOUSE_URL, and run the command again",
      );
    }
    throw error;
  }
}

/** A database that was made before the variable was set keeps its tables on one server, whatever is made in it later. */
async function refuseSingle({ config, clickhouse }: Services): Promise<void> {
  if (config.CLICKHOUSE_CLUSTER === undefined) return;
  const engine = await databaseEngine(clickhouse);
  if (engine === "Replicated") return;
  throw new CommandError(
    EXIT.usage,
    `CLICKHOUSE_CLUSTER is set, but the database ${config.CLICKHOUSE_DATABASE} has the engine ${engine}, which replicates nothing`,
    "set CLICKHOUSE_DATABASE to one that does not exist yet, or drop it; `ops restore` fills the new one. Without CLICKHOUSE_CLUSTER it stays as it is",
  );
}

function final({ code, message, serverCode, next, cause }: ClickHouseError): ClickHouseError {
  return new ClickHouseError(code, message, { retry: false, next, cause, ...(serverCode ? { serverCode } : {}) });
}

function parseDays(text: string): number {
  const days = parseCount(text);
  if (days < 2) throw new InvalidArgumentError("At least 2 days.");
  return days;
}
