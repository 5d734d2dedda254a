import { createClickHouse } from "../shared/clickhouse/client.ts";
import { createKafkaClient } from "../shared/kafka/client.ts";
import { kafkaConfigProblems } from "../shared/kafka/config.ts";
import { waitForTopics } from "../shared/kafka/wait-for-topic.ts";
import { buildInfo } from "../shared/runtime/build-info.ts";
import { systemClock } from "../shared/runtime/clock.ts";
import { loadConfig } from "../shared/runtime/config.ts";
import { type HealthChecks, startHealthServer } from "../shared/runtime/health-server.ts";
import { runWorker, type Scope } from "../shared/runtime/lifecycle.ts";
import { createLogger, type Logger } from "../shared/runtime/logger.ts";
import { configOrExit, runWorkerCli } from "../shared/runtime/worker-cli.ts";
import { type ConsumerConfig, consumerConfigSchema } from "./config.ts";
import { createConsumerMetrics } from "./metrics.ts";
import { checkLedgerPartitions, waitForAppendTime, waitForSchema } from "./startup.ts";
import { createEventIngest, createLedgerIngest, problemCheck } from "./worker.ts";

async function start(config: ConsumerConfig, logger: Logger, scope: Scope) {
  const metrics = createConsumerMetrics();
  const checks: HealthChecks = { live: {}, ready: {} };
  checks.ready.started = () => ({
    ok: false,
    detail: "waiting for Kafka and ClickHouse, or for someone to fix what the log names",
  });
  const health = scope.add(
    startHealthServer({ host: config.HEALTH_HOST, port: config.HEALTH_PORT }, { registry: metrics.registry, checks }),
  );
  logger.info({ ...buildInfo, health_port: health.port }, "consumer starting");

  const stopping = new AbortController();
  scope.add({ name: "startup", stop: async () => stopping.abort() });
  const kafka = createKafkaClient(config, logger);
  const clickhouse = createClickHouse(config);
  scope.add({ name: "clickhouse", stop: () => clickhouse.close() });
  const waiting = { logger, signal: stopping.signal };
  const { KAFKA_DLQ_TOPIC: dlqTopic } = config;
  const [partitions] = await Promise.all([
    waitForTopics(config, waiting, [config.KAFKA_EVENTS_TOPIC, dlqTopic, config.KAFKA_LEDGER_TOPIC]),
    waitForSchema(config, { clickhouse, ...waiting }),
  ]);
  await waitForAppendTime(config, { kafka, ...waiting });
  await checkLedgerPartitions(config, partitions, { clickhouse, ...waiting });
  const dlqPartitions = Math.max(1, partitions.get(dlqTopic) ?? 1);

  const deps = { kafka, clickhouse, metrics, clock: systemClock, logger };
  const events = createEventIngest(config, dlqPartitions, deps);
  const ledger = createLedgerIngest(config, deps);
  // Both drain at the same time, within one grace period.
  scope.add({ name: "ingest", stop: async () => void (await Promise.all([events.ingest.stop(), ledger.stop()])) });
  await Promise.all([events.ingest.group.start(), ledger.group.start()]);
  delete checks.ready.started;
  Object.assign(checks.live, events.checks.live);
  Object.assign(checks.ready, events.checks.ready, { ledger: () => problemCheck(ledger.group) });
  logger.info("consumer started");
  return { finished: Promise.race([events.ingest.finished, ledger.finished]) };
}

runWorkerCli({
  name: "consumer",
  description:
    "Reads events from Kafka, checks them, and stores them in ClickHouse; what is refused becomes a dead letter.",
  examples: [
    "KAFKA_BROKERS=kafka:9092 CLICKHOUSE_URL=http://clickhouse:8123 consumer",
    "BATCH_MAX_AGE_MS=200 HEALTH_PORT=8080 consumer",
  ],
  schema: consumerConfigSchema,
});
const config = configOrExit(() => loadConfig(consumerConfigSchema, process.env, kafkaConfigProblems));
const logger = createLogger({ name: "consumer", level: config.LOG_LEVEL });
await runWorker(logger, (scope) => start(config, logger, scope));
