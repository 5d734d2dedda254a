import { z } from "zod";
import { insertEventRows, kafkaEnv, type Stack, uniqueName, useStack } from "../../../scripts/testkit/index.ts";
import { createClickHouse } from "../../shared/clickhouse/client.ts";
import {
  DEAD_LETTERS_COLUMNS,
  DEAD_LETTERS_TABLE,
  type DeadLetterRow,
  encodeDeadLetterRows,
} from "../../shared/clickhouse/tables/dead-letters.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import {
  encodeLedgerCounts,
  encodeLedgerInstances,
  LEDGER_COUNTS_COLUMNS,
  LEDGER_COUNTS_TABLE,
  LEDGER_INSTANCES_COLUMNS,
  LEDGER_INSTANCES_TABLE,
  type LedgerRecord,
  ledgerKey,
  ledgerRecordSchema,
} from "../../shared/clickhouse/tables/ledger.ts";
import { parseEvent } from "../../shared/event/index.ts";
import { createKafkaClient, type KafkaMessage } from "../../shared/kafka/client.ts";
import { kafkaConfigShape } from "../../shared/kafka/config.ts";
import { HEADERS } from "../../shared/kafka/headers.ts";
import { createLogReader } from "../../shared/kafka/log-reader.ts";
import { fetchTopicRanges, type PartitionRange, stableRanges } from "../../shared/kafka/topic-reader.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import { createLogger } from "../../shared/runtime/logger.ts";
import { createProgram, runProgram } from "../cli/program.ts";
import { createStatusLine } from "../cli/status-line.ts";
import { opsConfigSchema } from "../config.ts";
import { silentIo } from "./io.ts";

/** A message to produce; the partition is chosen so that tests know where it lies. */
export type TestMessage = {
  partition?: number;
  key?: string;
  value: string | Buffer | null;
  headers?: Record<string, string>;
};

export type CommandRun = { code: number; out: string; err: string };

/**
 * Topics, a group and a database of one test, filled through the real broker. `consume` does in the plainest way what
 * the consumer does: it reads the topic from where it stopped, stores events and dead letters, then commits. So the
 * tests of ops need no other worker, and can leave out or spoil whatever they want to see found. `given` is a stack of the
 * test's own, in place of the shared one.
 */
export async function createOpsFixture(prefix: string, given?: Stack) {
  const stack = given ?? (await useStack());
  const name = uniqueName(prefix);
  const env: Record<string, string> = {
    ...kafkaEnv(stack.brokers, name),
    CLICKHOUSE_URL: stack.clickhouse.url,
    CLICKHOUSE_USER: stack.clickhouse.user,
    CLICKHOUSE_PASSWORD: stack.clickhouse.password,
    CLICKHOUSE_DATABASE: name,
  };
  const config = loadConfig(opsConfigSchema, env);
  const kafka = createKafkaClient(
    loadConfig(z.object(kafkaConfigShape), env),
    createLogger({ name: "t", level: "silent" }),
  );
  const admin = kafka.admin();
  const log = createLogReader(config, createLogger({ name: "t", level: "silent" }));
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const clickhouse = createClickHouse(config);
  await Promise.all([admin.connect(), producer.connect()]);

  const run = async (args: string[], options: { stdin?: string; confirm?: boolean } = {}): Promise<CommandRun> => {
    const result: CommandRun = { code: -1, out: "", err: "" };
    const io = silentIo(env, {
      out: (text) => {
        result.out += `${text}\n`;
      },
      outBytes: (bytes) => {
        result.out += Buffer.from(bytes).toString("latin1");
      },
      err: (text) => {
        result.err += `${text}\n`;
      },
      progress: createStatusLine({ write: (text) => (result.err += text) }).show,
      confirm: async () => options.confirm ?? false,
      readStdin: async () => Buffer.from(options.stdin ?? ""),
      exit: (code) => {
        result.code = code;
      },
    });
    await runProgram(createProgram(io), io, ["bun", "ops", ...args]);
    return result;
  };

  const migrated = await run(["migrate", "--partitions", "2"]);
  if (migrated.code !== 0) throw new Error(`migrate failed: ${migrated.err}`);

  const consumed = new Map<number, number>();
  /** Reads what is new in a topic, in offset order per partition. */
  const readNew = async (topic: string, positions: Map<number, number>) => {
    const ranges = stableRanges(await fetchTopicRanges(admin, topic)).map((range) => ({
      ...range,
      from: Math.max(range.from, positions.get(range.partition) ?? 0),
    }));
    const messages: { partition: number; message: KafkaMessage }[] = [];
    for (const range of ranges) {
      await log.read(topic, range, {
        onMessages: (batch) => {
          for (const message of batch) messages.push({ partition: range.partition, message });
        },
        onGap: () => undefined,
      });
    }
    return { ranges, messages };
  };
  // As a member of the group: the admin client's way of setting offsets waits 5 s for a message first.
  const commit = async (groupId: string, topic: string, ranges: readonly PartitionRange[]) => {
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, allowAutoTopicCreation: false });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => undefined });
    await joined;
    await consumer.commitOffsets(ranges.map(({ partition, end }) => ({ topic, partition, offset: String(end) })));
    await consumer.disconnect();
  };

  const storeEvents = (rows: EventRow[]) => insertEventRows(clickhouse, rows);
  const storeDeadLetters = (rows: DeadLetterRow[]) =>
    clickhouse.insert(DEAD_LETTERS_TABLE, DEAD_LETTERS_COLUMNS, encodeDeadLetterRows(rows));

  return {
    name,
    env,
    config,
    admin,
    kafka,
    clickhouse,
    run,
    storeEvents,
    storeDeadLetters,
    produce: async (messages: readonly TestMessage[]) => {
      await producer.send({
        topic: config.KAFKA_EVENTS_TOPIC,
        acks: -1,
        messages: messages.map((message) => ({
          key: message.key ?? "k",
          value: message.value as Buffer | null,
          partition: message.partition ?? 0,
          ...(message.headers ? { headers: message.headers } : {}),
        })),
      });
    },
    /** Stores and commits everything new; `keep` may drop or replace rows on the way. */
    consume: async (
      edit: {
        row?: (row: EventRow) => EventRow | undefined;
        letter?: (row: DeadLetterRow) => DeadLetterRow | undefined;
      } = {},
    ) => {
      const { ranges, messages } = await readNew(config.KAFKA_EVENTS_TOPIC, consumed);
      const rows: EventRow[] = [];
      const letters: DeadLetterRow[] = [];
      for (const { partition, message } of messages) {
        const stored = toStored(config, partition, message);
        if ("errorClass" in stored) letters.push(...keep(stored, edit.letter));
        else rows.push(...keep(stored, edit.row));
      }
      if (rows.length > 0) await storeEvents(rows);
      if (letters.length > 0) await storeDeadLetters(letters);
      await commit(config.KAFKA_GROUP_ID, config.KAFKA_EVENTS_TOPIC, ranges);
      for (const { partition, end } of ranges) consumed.set(partition, end);
      return { rows, letters };
    },
    /** Publishes ledger records, and copies the whole ledger topic into the store as its consumer does. */
    ledger: async (records: readonly LedgerRecord[]) => {
      if (records.length > 0) {
        await producer.send({
          topic: config.KAFKA_LEDGER_TOPIC,
          messages: records.map((record) => ({ key: ledgerKey(record), value: JSON.stringify(record), partition: 0 })),
        });
      }
      const { ranges, messages } = await readNew(config.KAFKA_LEDGER_TOPIC, new Map());
      const entries = messages.map(({ message }) => ({
        record: ledgerRecordSchema.parse(JSON.parse(String(message.value))),
        offset: Number(message.offset),
      }));
      const counts = entries.flatMap(({ record, offset }) => (record.kind === "count" ? [{ record, offset }] : []));
      const instances = entries.flatMap(({ record, offset }) =>
        record.kind === "instance" ? [{ record, offset }] : [],
      );
      if (counts.length > 0)
        await clickhouse.insert(LEDGER_COUNTS_TABLE, LEDGER_COUNTS_COLUMNS, encodeLedgerCounts(counts));
      if (instances.length > 0) {
        await clickhouse.insert(LEDGER_INSTANCES_TABLE, LEDGER_INSTANCES_COLUMNS, encodeLedgerInstances(instances));
      }
      await commit(config.KAFKA_LEDGER_GROUP_ID, config.KAFKA_LEDGER_TOPIC, ranges);
    },
    close: async () => {
      await admin.deleteTopics({
        topics: [config.KAFKA_EVENTS_TOPIC, config.KAFKA_DLQ_TOPIC, config.KAFKA_LEDGER_TOPIC],
      });
      await clickhouse.command(`DROP DATABASE IF EXISTS ${name} SYNC`);
      await Promise.all([admin.disconnect(), producer.disconnect(), log.close(), clickhouse.close()]);
    },
  };
}

export type OpsFixture = Awaited<ReturnType<typeof createOpsFixture>>;

function keep<T>(value: T, edit: ((value: T) => T | undefined) | undefined): T[] {
  const kept = edit === undefined ? value : edit(value);
  return kept === undefined ? [] : [kept];
}

function toStored(
  config: z.output<typeof opsConfigSchema>,
  partition: number,
  message: KafkaMessage,
): EventRow | DeadLetterRow {
  const appendTimeMs = Number(message.timestamp);
  const offset = Number(message.offset);
  const parsed = parseEvent(message.value, {
    appendTimeMs,
    maxAgeMs: config.EVENT_MAX_AGE_DAYS * 86_400_000,
    maxFutureMs: config.EVENT_MAX_FUTURE_MINUTES * 60_000,
    maxBytes: config.EVENT_MAX_BYTES,
  });
  const payload = message.value ?? Buffer.alloc(0);
  if (!parsed.ok) {
    return {
      topic: config.KAFKA_EVENTS_TOPIC,
      partition,
      offset,
      appendTimeMs,
      payloadHash: Bun.hash.xxHash64(payload),
      errorClass: parsed.errorClass,
      reason: parsed.reason,
      key: message.key ?? Buffer.alloc(0),
      payload,
      headersJson: "{}",
    };
  }
  const { eventMinuteS: _, ...event } = parsed.event;
  return {
    ...event,
    latencyMs: appendTimeMs - event.eventTimeMs,
    ingestDelayMs: event.receivedTimeMs - event.eventTimeMs,
    isLate: false,
    producer: String(message.headers?.[HEADERS.producer] ?? ""),
    kafkaPartition: partition,
    kafkaOffset: offset,
    kafkaAppendTimeMs: appendTimeMs,
  };
}
