import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { z } from "zod";
import { RowBuilder } from "../../workers/consumer/row-builder.ts";
import {
  createSimulator,
  type PlannedSend,
  SIMULATOR_DEFAULTS,
} from "../../workers/producer/sources/simulate/index.ts";
import { createKafkaClient } from "../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../workers/shared/kafka/config.ts";
import { HEADERS } from "../../workers/shared/kafka/headers.ts";
import { ensureTopics, topicSpecs } from "../../workers/shared/kafka/topics.ts";
import { loadConfig } from "../../workers/shared/runtime/config.ts";
import { createLogger } from "../../workers/shared/runtime/logger.ts";
import { resizeTo } from "./event-size.ts";

/** A topic to fill. */
export type Fill = {
  brokers: string;
  topic: string;
  /** Messages, copies included. */
  messages: number;
  /** Mean size of an event, bytes. */
  meanBytes: number;
  /** Density of the events in time, events per second. */
  ratePerSecond: number;
  /** File that gets the same rows as blocks in Native format. */
  nativeFile?: string;
};

/** A filled topic. */
export type FilledTopic = {
  topic: string;
  messages: number;
  /** Events that are not copies of another one. */
  distinct: number;
  /** Bytes of all message values. */
  bytes: number;
  nativeFile?: string;
};

const PARTITIONS = 6;
const BATCH = 6_000;
const NATIVE_BLOCK = 65_536;
const INSTANCE = Buffer.from("bench-producer");
const LIMITS = { maxAgeMs: 30 * 86_400_000, maxFutureMs: 600_000, maxBytes: 1_000_000, lateAfterMs: 20_000 };

/**
 * Creates the pipeline's topics and fills the one of events with simulated events of all four sources, 10 % late and 5 %
 * duplicates. The events end about now, so that they look like a backlog. @throws when Kafka refuses.
 */
export async function fillTopic(fill: Fill): Promise<FilledTopic> {
  const config = loadConfig(z.object(kafkaConfigShape), {
    KAFKA_BROKERS: fill.brokers,
    KAFKA_EVENTS_TOPIC: fill.topic,
    KAFKA_DLQ_TOPIC: `${fill.topic}.dlq`,
    KAFKA_LEDGER_TOPIC: `${fill.topic}.ledger`,
  });
  const kafka = createKafkaClient(config, createLogger({ name: "bench", level: "silent" }));
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin, topicSpecs(config, { partitions: PARTITIONS, retentionMs: -1 }), 1);
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const native = fill.nativeFile === undefined ? undefined : new NativeFile(fill.nativeFile);
  const filled: FilledTopic = { topic: fill.topic, messages: 0, distinct: 0, bytes: 0 };
  if (fill.nativeFile !== undefined) filled.nativeFile = fill.nativeFile;
  try {
    for (const batch of batches(fill)) {
      const sent = producer.send({ topic: fill.topic, acks: 1, messages: batch.map(({ message }) => message) });
      await native?.write(batch);
      await sent;
      filled.messages += batch.length;
      for (const { message, kind } of batch) {
        filled.bytes += message.value.length;
        if (kind === "event") filled.distinct++;
      }
    }
    await native?.end();
    return filled;
  } finally {
    await producer.disconnect();
  }
}

type Prepared = {
  kind: PlannedSend["kind"];
  message: { key: string; value: Buffer; partition: number; headers: Record<string, Buffer> };
};

function* batches(fill: Fill): Generator<Prepared[]> {
  const spanMs = (fill.messages / fill.ratePerSecond) * 1_000;
  const simulator = createSimulator({
    ...SIMULATOR_DEFAULTS,
    seed: fill.topic,
    instanceId: "bench",
    startTimeMs: Date.now() - Math.round(spanMs) - 60_000,
    rhythm: { ratePerSecond: fill.ratePerSecond },
    users: 10_000,
    duplicateShare: 0.05,
  });
  const resize = resizeTo(fill.meanBytes);
  for (let left = fill.messages; left > 0; left -= BATCH) {
    yield Array.from({ length: Math.min(left, BATCH) }, () => {
      const send = simulator.next();
      if (send === undefined || typeof send.value !== "string") throw new RangeError("the simulator ended");
      const value = Buffer.from(resize(send.value, send.eventId));
      const partition = Bun.hash.crc32(send.key) % PARTITIONS;
      return {
        kind: send.kind,
        message: { key: send.key, value, partition, headers: { [HEADERS.producer]: INSTANCE } },
      };
    });
  }
}

/** The rows as the consumer would encode them, in large blocks. */
class NativeFile {
  readonly #file;
  readonly #rows = new RowBuilder({ ...LIMITS, maxRows: NATIVE_BLOCK });
  readonly #offsets = Array.from({ length: PARTITIONS }, () => 0);
  #pending = 0;

  constructor(path: string) {
    this.#file = createWriteStream(path);
  }

  async write(batch: readonly Prepared[]): Promise<void> {
    const now = Date.now();
    for (const { message } of batch) {
      const { partition, value, headers } = message;
      const offset = this.#offsets[partition] ?? 0;
      this.#offsets[partition] = offset + 1;
      const refused = this.#rows.add({ offset, appendTimeMs: now, key: null, value, headers }, partition, now);
      if (refused !== undefined) throw new RangeError(`a simulated event was refused: ${refused.reason}`);
    }
    this.#pending += batch.length;
    if (this.#pending + BATCH > NATIVE_BLOCK) await this.#flush();
  }

  async end(): Promise<void> {
    await this.#flush();
    this.#file.end();
    await once(this.#file, "finish");
  }

  async #flush(): Promise<void> {
    for (const insert of this.#rows.inserts()) {
      // A copy: the encoder's buffer is used again.
      if (!this.#file.write(Buffer.concat(insert.encode().pieces))) await once(this.#file, "drain");
    }
    this.#rows.reset();
    this.#pending = 0;
  }
}
