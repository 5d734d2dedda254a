import { z } from "zod";
import {
  createTestDatabase,
  kafkaEnv,
  type RunningWorker,
  type Stack,
  startTcpProxy,
  startWorker,
  uniqueName,
  waitFor,
} from "../../../scripts/testkit/index.ts";
import { createKafkaClient } from "../../shared/kafka/client.ts";
import { kafkaConfigShape } from "../../shared/kafka/config.ts";
import { fetchCommittedOffsets, fetchTopicRanges } from "../../shared/kafka/topic-reader.ts";
import { ensureTopics, topicSpecs } from "../../shared/kafka/topics.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import { createLogger } from "../../shared/runtime/logger.ts";

export type TestMessage = {
  key?: string | null;
  value: string | Buffer | null;
  partition?: number;
  headers?: Record<string, string>;
};

export type ConsumerFixture = Awaited<ReturnType<typeof createConsumerFixture>>;

/** Topics, a migrated database and a proxy in front of ClickHouse for one test of the consumer. */
export async function createConsumerFixture(stack: Stack, options: { partitions?: number } = {}) {
  const name = uniqueName("consumer");
  const database = await createTestDatabase(stack.clickhouse);
  const names = kafkaEnv(stack.brokers, name);
  const config = loadConfig(z.object(kafkaConfigShape), names);
  const kafka = createKafkaClient(config, createLogger({ name: "test", level: "silent" }));
  const admin = kafka.admin();
  // Idempotent: on a topic just created the client may send again what some partitions have taken already.
  const producer = kafka.producer({ allowAutoTopicCreation: false, idempotent: true });
  await Promise.all([admin.connect(), producer.connect()]);
  await ensureTopics(admin, topicSpecs(config, { partitions: options.partitions ?? 3, retentionMs: 86_400_000 }), 1);
  const url = new URL(stack.clickhouse.url);
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  const workers: RunningWorker[] = [];
  const topic = config.KAFKA_EVENTS_TOPIC;

  const start = (env: Record<string, string> = {}): RunningWorker => {
    const worker = startWorker({
      entry: "workers/consumer/main.ts",
      env: {
        ...names,
        ...database.env,
        CLICKHOUSE_URL: `http://127.0.0.1:${proxy.port}`,
        KAFKA_SESSION_TIMEOUT_MS: "6000",
        BATCH_MAX_AGE_MS: "50",
        ...env,
      },
    });
    workers.push(worker);
    return worker;
  };

  /** True when everything in the topic is committed by the group. */
  const allCommitted = async () => {
    const [ranges, committed] = await Promise.all([
      fetchTopicRanges(admin, topic),
      fetchCommittedOffsets(admin, name, topic),
    ]);
    return ranges.every(({ partition, from, end }) => end === from || committed.get(partition) === end);
  };

  return {
    name,
    topic,
    kafka,
    admin,
    producer,
    proxy,
    clickhouse: database.clickhouse,
    dlqTopic: config.KAFKA_DLQ_TOPIC,
    ledgerTopic: config.KAFKA_LEDGER_TOPIC,
    start,
    allCommitted,
    /** Starts a consumer and waits until it has its partitions. */
    startAssigned: async (env: Record<string, string> = {}) => {
      const worker = start(env);
      await worker.waitForLog((line) => line.json.msg === "assigned" && line.json.group === name);
      return worker;
    },
    produce: (messages: readonly TestMessage[]) =>
      producer.send({
        topic,
        acks: -1,
        messages: messages.map((message) => ({ key: message.key ?? null, ...message })),
      }),
    untilCommitted: (timeoutMs = 60_000) =>
      waitFor(allCommitted, { timeoutMs, describe: "all offsets to be committed" }),
    /** Received rows, stored events, distinct ids. */
    counts: async () => {
      const [row] = await database.clickhouse.query<{ raw: string; events: string; ids: string }>(
        "SELECT count() AS events, uniqExact(event_id) AS ids, (SELECT sum(rows_received) FROM received_offsets) AS raw FROM events",
      );
      return { raw: Number(row?.raw), events: Number(row?.events), ids: Number(row?.ids) };
    },
    deadLetters: () =>
      database.clickhouse.query<{
        error_class: string;
        kafka_partition: number;
        kafka_offset: string;
        payload: string;
      }>(
        "SELECT error_class, kafka_partition, kafka_offset, payload FROM dead_letters ORDER BY kafka_partition, kafka_offset",
      ),
    missingOffsets: async () => {
      const rows = await database.clickhouse.query<{ missing: string }>("SELECT missing FROM offsets_received");
      return rows.reduce((sum, { missing }) => sum + Number(missing), 0);
    },
    close: async () => {
      for (const worker of workers) if (worker.exitCode === null) await worker.kill("SIGKILL");
      await Promise.all([proxy.stop(), producer.disconnect(), admin.disconnect()]);
      await database.drop();
    },
  };
}

/** A valid event of the minimal contract, of source web: another source needs an event_type of its own. */
export function eventJson(fields: Record<string, unknown> = {}): string {
  const now = new Date().toISOString();
  return JSON.stringify({
    event_id: crypto.randomUUID(),
    user_id: "user",
    event_type: "click",
    event_time: now,
    received_time: now,
    ...fields,
  });
}

/** Valid events spread over partitions. */
export function events(count: number, partitions: number): TestMessage[] {
  return Array.from({ length: count }, (_, i) => ({ value: eventJson(), partition: i % partitions, key: `k${i}` }));
}

const healthPort = (worker: RunningWorker): number => {
  const line = worker.logs.find(({ json }) => typeof json.health_port === "number");
  return Number(line?.json.health_port);
};

/** The value of one series of a running consumer; 0 when it is absent. */
export async function metric(worker: RunningWorker, series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${healthPort(worker)}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

/** Status of /readyz and what it says. */
export async function readiness(worker: RunningWorker): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${healthPort(worker)}/readyz`);
  return { status: response.status, body: await response.text() };
}
