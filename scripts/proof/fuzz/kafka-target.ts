import { z } from "zod";
import { type Admin, createKafkaClient, type Kafka } from "../../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../../workers/shared/kafka/config.ts";
import { fetchCommittedOffsets, fetchTopicRanges } from "../../../workers/shared/kafka/topic-reader.ts";
import { ensureTopics, topicSpecs } from "../../../workers/shared/kafka/topics.ts";
import { loadConfig } from "../../../workers/shared/runtime/config.ts";
import { createLogger } from "../../../workers/shared/runtime/logger.ts";
import {
  createTestDatabase,
  type RunningWorker,
  type Stack,
  startWorker,
  type TestDatabase,
  uniqueName,
} from "../../testkit/index.ts";

/** Topics and a database of its own, for workers that are to be fuzzed. */
export type Target = {
  readonly name: string;
  readonly topic: string;
  readonly dlqTopic: string;
  readonly partitions: number;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly database: TestDatabase;
  /** Starts the compiled worker of `dist/`, or the sources where there is none. */
  start(worker: "consumer" | "producer", args: readonly string[], env: Readonly<Record<string, string>>): RunningWorker;
  /** Offsets of the topic that the consumers have not committed yet. */
  uncommitted(): Promise<number>;
  /** Kills the workers and drops the database. */
  close(): Promise<void>;
};

/** The broker takes messages above the consumer's limit, and above what it takes for dead letters. */
const MAX_MESSAGE_BYTES = 16_777_216;

/** Makes a target in a running broker and engine. */
export async function createTarget(stack: Stack, partitions: number): Promise<Target> {
  const name = uniqueName("fuzz");
  const database = await createTestDatabase(stack.clickhouse);
  const env = {
    KAFKA_BROKERS: stack.brokers,
    KAFKA_EVENTS_TOPIC: `${name}.events`,
    KAFKA_DLQ_TOPIC: `${name}.dlq`,
    KAFKA_LEDGER_TOPIC: `${name}.ledger`,
  };
  const config = loadConfig(z.object(kafkaConfigShape), env);
  const kafka = createKafkaClient(config, createLogger({ name: "fuzz", level: "silent" }));
  const admin = kafka.admin();
  await admin.connect();
  const specs = topicSpecs(config, { partitions, retentionMs: 86_400_000 }).map((spec) =>
    spec.topic === config.KAFKA_EVENTS_TOPIC
      ? { ...spec, config: { ...spec.config, "max.message.bytes": String(MAX_MESSAGE_BYTES) } }
      : spec,
  );
  await ensureTopics(admin, specs, 1);
  const workers: RunningWorker[] = [];
  return {
    name,
    topic: config.KAFKA_EVENTS_TOPIC,
    dlqTopic: config.KAFKA_DLQ_TOPIC,
    partitions,
    kafka,
    admin,
    database,
    start(worker, args, own) {
      const groups = { KAFKA_GROUP_ID: name, KAFKA_LEDGER_GROUP_ID: `${name}-ledger` };
      const running = startWorker({
        binary: worker,
        entry: `workers/${worker}/main.ts`,
        args,
        env: { ...env, ...database.env, ...groups, HEALTH_PORT: "0", ...own },
      });
      workers.push(running);
      return running;
    },
    uncommitted: async () => {
      const [ranges, committed] = await Promise.all([
        fetchTopicRanges(admin, config.KAFKA_EVENTS_TOPIC),
        fetchCommittedOffsets(admin, name, config.KAFKA_EVENTS_TOPIC),
      ]);
      return ranges.reduce((sum, { partition, from, end }) => sum + end - (committed.get(partition) ?? from), 0);
    },
    close: async () => {
      for (const worker of workers) if (worker.exitCode === null) await worker.kill("SIGKILL");
      await admin.disconnect();
      await database.drop();
    },
  };
}

/** The memory of a running process, MiB: what it holds, and the most it ever held. Linux only; zeros elsewhere. */
export async function memoryMiB(pid: number): Promise<{ now: number; peak: number }> {
  const status = await Bun.file(`/proc/${pid}/status`)
    .text()
    .catch(() => "");
  const read = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return { now: read("VmRSS"), peak: read("VmHWM") };
}
