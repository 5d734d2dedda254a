import type { Admin } from "kafkajs";
import { retryWithBackoff } from "../runtime/retry.ts";
import type { KafkaConfig } from "./config.ts";
import { kafkaCall } from "./errors.ts";

/** How a topic is made when it does not exist yet. */
export type TopicSpec = { topic: string; partitions: number; config: Record<string, string> };

/** What of the topics is chosen: retention of events in ms; of dead letters as many partitions as of events, unless said. */
export type TopicOptions = {
  partitions: number;
  deadLetterPartitions?: number;
  retentionMs: number;
  /** Absent: the broker's own. */
  minInsyncReplicas?: number;
};

/**
 * The three topics. `events` carries the broker's append time (LogAppendTime): too old and in the future are judged
 * against it, so that a replay gives the same verdicts. The ledger is compacted: one small record per key stays.
 */
export function topicSpecs(config: KafkaConfig, options: TopicOptions): TopicSpec[] {
  const { minInsyncReplicas } = options;
  const durable = minInsyncReplicas === undefined ? {} : { "min.insync.replicas": String(minInsyncReplicas) };
  const specs = [
    {
      topic: config.KAFKA_EVENTS_TOPIC,
      partitions: options.partitions,
      config: { "message.timestamp.type": "LogAppendTime", "retention.ms": String(options.retentionMs) },
    },
    {
      topic: config.KAFKA_DLQ_TOPIC,
      partitions: options.deadLetterPartitions ?? options.partitions,
      config: { "message.timestamp.type": "LogAppendTime", "retention.ms": "-1" },
    },
    {
      topic: config.KAFKA_LEDGER_TOPIC,
      partitions: 1,
      // The broker's own time here, too: it refuses records from a clock that is an hour ahead of its own, and a producer
      // whose ledger is refused sends nothing.
      config: { "cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime" },
    },
  ];
  return specs.map((spec) => ({ ...spec, config: { ...spec.config, ...durable } }));
}

/** Creates the topics that are missing; existing ones are left as they are. Returns the names created. */
export async function ensureTopics(
  admin: Admin,
  specs: TopicSpec[],
  replicationFactor: number,
  signal?: AbortSignal,
): Promise<string[]> {
  const existing = new Set(await kafkaCall(() => admin.listTopics()));
  const missing = specs.filter((spec) => !existing.has(spec.topic));
  if (missing.length === 0) return [];
  const topics = missing.map((spec) => ({
    topic: spec.topic,
    numPartitions: spec.partitions,
    replicationFactor,
    configEntries: Object.entries(spec.config).map(([name, value]) => ({ name, value })),
  }));
  const create = () => kafkaCall(() => admin.createTopics({ waitForLeaders: true, topics }));
  // A broker that is busy may not know, or not lead, a topic yet which it has just created.
  await retryWithBackoff(create, { minMs: 500, maxMs: 2_000, retries: 5, ...(signal ? { signal } : {}) });
  return missing.map((spec) => spec.topic);
}
