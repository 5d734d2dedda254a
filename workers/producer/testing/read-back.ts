import { z } from "zod";
import { kafkaEnv, uniqueName } from "../../../scripts/testkit/index.ts";
import { type LedgerRecord, ledgerKey, ledgerRecordSchema } from "../../shared/clickhouse/tables/ledger.ts";
import { addChecksum, eventIdHash, parseEvent } from "../../shared/event/index.ts";
import { createKafkaClient, type Kafka } from "../../shared/kafka/client.ts";
import { type KafkaConfig, kafkaConfigShape } from "../../shared/kafka/config.ts";
import { HEADERS } from "../../shared/kafka/headers.ts";
import { fetchTopicRanges, readTopic } from "../../shared/kafka/topic-reader.ts";
import { ensureTopics, topicSpecs } from "../../shared/kafka/topics.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import { createLogger } from "../../shared/runtime/logger.ts";
import { retryWithBackoff } from "../../shared/runtime/retry.ts";

/** Topics of one test, made on a real broker. */
export type TestTopics = {
  readonly config: KafkaConfig;
  readonly kafka: Kafka;
  /** Environment of a worker that uses them. */
  readonly env: Readonly<Record<string, string>>;
};

/** Creates topics with names of their own. */
export async function createTestTopics(brokers: string): Promise<TestTopics> {
  const name = uniqueName("producer");
  const env = kafkaEnv(brokers, name);
  const config = loadConfig(z.object(kafkaConfigShape), env);
  const kafka = createKafkaClient(config, createLogger({ name: "test", level: "silent" }));
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin, topicSpecs(config, { partitions: 6, retentionMs: 3_600_000 }), 1);
  await admin.disconnect();
  return { config, kafka, env };
}

export type ReadMessage = {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  /** The header of the producer's instance. */
  readonly instance: string | undefined;
};

/** Everything in a topic, in the order of each partition. A broker that has just started may not lead it yet. */
export function readAll(kafka: Kafka, topic: string): Promise<ReadMessage[]> {
  return retryWithBackoff(() => readOnce(kafka, topic), { minMs: 200, maxMs: 1_000, retries: 30 });
}

async function readOnce(kafka: Kafka, topic: string): Promise<ReadMessage[]> {
  const admin = kafka.admin();
  await admin.connect();
  const read: ReadMessage[] = [];
  const ranges = await fetchTopicRanges(admin, topic);
  await readTopic(
    { kafka, admin },
    {
      topic,
      ranges,
      groupPrefix: "read-back",
      stallMs: 20_000,
      onMessages: (partition, messages) => {
        for (const { key, value, offset, headers } of messages) {
          const instance = headers?.[HEADERS.producer]?.toString();
          read.push({ partition, offset: Number(offset), key: key?.toString() ?? null, value, instance });
        }
      },
    },
  );
  await admin.disconnect();
  return read;
}

/** The newest record of each key of the ledger topic. */
export async function readLedger(kafka: Kafka, topic: string): Promise<LedgerRecord[]> {
  const newest = new Map<string, LedgerRecord>();
  for (const { key, value } of await readAll(kafka, topic)) {
    const record = ledgerRecordSchema.parse(JSON.parse(value?.toString() ?? ""));
    if (key !== ledgerKey(record)) throw new Error(`record under the wrong key ${key}`);
    newest.set(key, record);
  }
  return [...newest.values()];
}

/** Count and checksum of distinct ids by `<minute>|<source>|<type>`, recomputed from the messages alone. */
export function recount(messages: readonly ReadMessage[]): Map<string, { count: number; checksum: bigint }> {
  const seen = new Set<string>();
  const groups = new Map<string, { count: number; checksum: bigint }>();
  for (const { value } of messages) {
    const parsed = parseEvent(value, { appendTimeMs: Date.now(), maxAgeMs: 1e9, maxFutureMs: 1e9, maxBytes: 1e7 });
    if (!parsed.ok || seen.has(parsed.event.eventId)) continue;
    const { eventId, eventMinuteS, source, eventType } = parsed.event;
    seen.add(eventId);
    const key = `${eventMinuteS}|${source}|${eventType}`;
    const group = groups.get(key) ?? { count: 0, checksum: 0n };
    groups.set(key, { count: group.count + 1, checksum: addChecksum(group.checksum, eventIdHash(eventId)) });
  }
  return groups;
}

/** The counts of a ledger in the form of {@link recount}. */
export function ledgerGroups(records: readonly LedgerRecord[]): Map<string, { count: number; checksum: bigint }> {
  const groups = new Map<string, { count: number; checksum: bigint }>();
  for (const record of records) {
    if (record.kind !== "count") continue;
    const { minute, source, event_type, count, checksum } = record;
    groups.set(`${minute}|${source}|${event_type}`, { count, checksum: BigInt(checksum) });
  }
  return groups;
}

/** The state record of the only instance in a ledger. */
export function instanceOf(records: readonly LedgerRecord[]): LedgerRecord & { kind: "instance" } {
  const found = records.flatMap((record) => (record.kind === "instance" ? [record] : []));
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`${found.length} instances in the ledger`);
  return only;
}
