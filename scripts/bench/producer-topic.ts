import { z } from "zod";
import { createKafkaClient } from "../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../workers/shared/kafka/config.ts";
import { fetchTopicRanges, readTopic } from "../../workers/shared/kafka/topic-reader.ts";
import { ensureTopics, topicSpecs } from "../../workers/shared/kafka/topics.ts";
import { loadConfig } from "../../workers/shared/runtime/config.ts";
import { createLogger } from "../../workers/shared/runtime/logger.ts";

/** What lies in a topic after a load. */
export type TopicContents = {
  /** End offsets less first offsets. */
  messages: number;
  /** Different event_ids among them. */
  distinct: number;
};

/** A topic of events with its ledger for one measurement. */
export type ProducerTopic = {
  /** What a producer needs to send to it. */
  readonly env: Readonly<Record<string, string>>;
  contents(): Promise<TopicContents>;
  close(): Promise<void>;
};

const PARTITIONS = 6;
const STALL_MS = 60_000;
const HEAD = '{"event_id":"'.length;
const ID_LENGTH = 36;

/** Creates topics of their own for one measurement. @throws when Kafka refuses. */
export async function createProducerTopic(brokers: string, name: string): Promise<ProducerTopic> {
  const env = {
    KAFKA_BROKERS: brokers,
    KAFKA_EVENTS_TOPIC: name,
    KAFKA_DLQ_TOPIC: `${name}.dlq`,
    KAFKA_LEDGER_TOPIC: `${name}.ledger`,
  };
  const config = loadConfig(z.object(kafkaConfigShape), env);
  const kafka = createKafkaClient(config, createLogger({ name: "bench", level: "silent" }));
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin, topicSpecs(config, { partitions: PARTITIONS, retentionMs: -1 }), 1);
  return {
    env,
    contents: async () => {
      const ranges = await fetchTopicRanges(admin, name);
      const ids = new Set<string>();
      await readTopic(
        { kafka, admin },
        {
          topic: name,
          ranges,
          groupPrefix: "bench",
          stallMs: STALL_MS,
          onMessages: (_, messages) => {
            for (const { value } of messages) ids.add(value?.toString("latin1", HEAD, HEAD + ID_LENGTH) ?? "");
          },
        },
      );
      return { messages: ranges.reduce((sum, { from, end }) => sum + end - from, 0), distinct: ids.size };
    },
    close: () => admin.disconnect(),
  };
}
