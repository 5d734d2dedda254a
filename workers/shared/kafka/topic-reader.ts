import type { Admin, Kafka, KafkaMessage } from "kafkajs";
import { AppError } from "../runtime/errors.ts";
import { sleep } from "../runtime/sleep.ts";
import { registerCodecs } from "./codecs.ts";
import { type TopicNames, topicVariable } from "./config.ts";
import { kafkaCall, toKafkaError } from "./errors.ts";

/** Offsets of one partition: from `from` (the first that exists) up to, but without, `end`. */
export type PartitionRange = { partition: number; from: number; end: number };

/** A partition as its broker has it: `end` is the high watermark, the offset after the last acknowledged message. */
export type TopicRange = PartitionRange & {
  /** Up to here messages are delivered. Lower than `end`: what lies between waits for a transaction that is open. */
  stable: number;
};

/** The topic that a call names does not exist, or the user may not see it. */
export class UnknownTopicError extends AppError {
  constructor(
    readonly topic: string,
    cause: AppError,
  ) {
    super(cause.code, `there is no topic ${topic}`, { retry: cause.retry, cause });
    this.name = "UnknownTopicError";
  }
}

/** Adds the variable to the error for a topic that does not exist; other errors are returned as they are. */
export function nameTopic(error: unknown, config: TopicNames): unknown {
  if (!(error instanceof UnknownTopicError)) return error;
  const variable = topicVariable(error.topic, config);
  return new AppError(error.code, `there is no topic ${error.topic} (${variable})`, {
    retry: error.retry,
    next: `correct ${variable}, or create the topics with \`ops migrate\``,
    cause: error,
  });
}

/** What a topic holds now, by partition in ascending order. @throws {UnknownTopicError} */
export async function fetchTopicRanges(admin: Admin, topic: string): Promise<TopicRange[]> {
  // The client's types do not know the stable offset, which the patch adds.
  const asked: Promise<{ partition: number; low: string; high: string; stable?: string }[]> = kafkaCall(() =>
    admin.fetchTopicOffsets(topic),
  );
  const offsets = await unlessMissing(admin, topic, asked).catch((error: unknown) => {
    const unknown = error instanceof AppError && error.code === "KAFKA_UNKNOWN_TOPIC_OR_PARTITION";
    throw unknown ? new UnknownTopicError(topic, error) : error;
  });
  return offsets
    .map(({ partition, low, high, stable = high }) => {
      const end = Number(high);
      return { partition, from: Number(low), end, stable: Math.min(end, Number(stable)) };
    })
    .sort((a, b) => a.partition - b.partition);
}

/** The client asks for a topic that does not exist for half a minute. After this long the list of topics is looked at, ms. */
const LOOK_AFTER_MS = 500;
/** A topic that was just made may not be in every broker's list yet, ms. */
const LOOK_AGAIN_MS = 1_000;

/** Waits for `asked`, but not longer than until the topic is known to be missing. @throws {UnknownTopicError}, or as `asked`. */
async function unlessMissing<T>(admin: Admin, topic: string, asked: Promise<T>): Promise<T> {
  const over = new AbortController();
  const missing = async (): Promise<never> => {
    for (const waitMs of [LOOK_AFTER_MS, LOOK_AGAIN_MS]) {
      await sleep(waitMs, over.signal);
      if (over.signal.aborted || (await kafkaCall(() => admin.listTopics())).includes(topic)) return asked as never;
    }
    const code = "KAFKA_UNKNOWN_TOPIC_OR_PARTITION";
    throw new AppError(code, `no topic ${topic}`, { retry: true });
  };
  try {
    return await Promise.race([asked, missing()]);
  } finally {
    over.abort();
  }
}

/** The same ranges, each only as far as messages are delivered. */
export function stableRanges(ranges: readonly TopicRange[]): PartitionRange[] {
  return ranges.map(({ partition, from, stable }) => ({ partition, from, end: stable }));
}

/** The committed offset of each partition that has one to read from: the next offset its group would read. */
export async function fetchCommittedOffsets(admin: Admin, group: string, topic: string): Promise<Map<number, number>> {
  const [entry] = await kafkaCall(() => admin.fetchOffsets({ groupId: group, topics: [topic] }));
  const committed = new Map<number, number>();
  for (const { partition, offset } of entry?.partitions ?? []) {
    if (Number(offset) >= 0) committed.set(partition, Number(offset));
  }
  return committed;
}

export type ReadTopicOptions = {
  topic: string;
  /** What to read. Nothing outside is delivered. */
  ranges: readonly PartitionRange[];
  /** Prefix of the throwaway group's name. */
  groupPrefix: string;
  /** Delivers messages of one partition in offset order, never two calls at a time. What it throws ends the reading. */
  onMessages(partition: number, messages: readonly KafkaMessage[]): void;
  /** Without a byte of progress for this long, ms, the reading fails. */
  stallMs: number;
  signal?: AbortSignal;
};

/**
 * Reads a topic between fixed offsets, once, without touching the offsets or the membership of any other group: it joins
 * a group of its own with a random name, commits nothing and deletes the group afterwards (the client cannot fetch
 * without a group).
 * @throws AppError `KAFKA_READ_STALLED` (retry true) without progress; `ABORTED` when the signal fires.
 */
export async function readTopic(deps: { kafka: Kafka; admin: Admin }, options: ReadTopicOptions): Promise<void> {
  const { topic, stallMs, signal } = options;
  const ranges = new Map(options.ranges.map((range) => [range.partition, range]));
  const pending = new Set(options.ranges.filter((range) => range.from < range.end).map((range) => range.partition));
  if (pending.size === 0) return;
  registerCodecs();
  const groupId = `${options.groupPrefix}-${crypto.randomUUID()}`;
  const consumer = deps.kafka.consumer({
    groupId,
    sessionTimeout: 30_000,
    maxWaitTimeInMs: 200,
    maxBytesPerPartition: 2 * 1024 * 1024,
    allowAutoTopicCreation: false,
  });
  const done = Promise.withResolvers<void>();
  // An interruption may come before anybody waits for the end.
  done.promise.catch(() => undefined);
  const finish = (error?: unknown) => (error === undefined ? done.resolve() : done.reject(error));
  let lastProgress = performance.now();
  const next = new Map<number, number>();

  // Reported for batches of control records only as well, which eachBatch never sees.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    lastProgress = performance.now();
    const range = ranges.get(payload.partition);
    if (range === undefined || Number(payload.lastOffset) + 1 < range.end) return;
    if (!pending.delete(payload.partition)) return;
    if (pending.size === 0) finish();
    else consumer.pause([{ topic, partitions: [payload.partition] }]);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) finish(toKafkaError(payload.error));
  });
  const watchdog = setInterval(() => {
    if (performance.now() - lastProgress < stallMs) return;
    const left = [...pending].join(", ");
    const message = `No message of ${topic} (partitions ${left}) arrived for ${stallMs} ms; check the brokers and try again`;
    finish(new AppError("KAFKA_READ_STALLED", message, { retry: true }));
  }, 500);
  const abort = () => finish(new AppError("ABORTED", "Interrupted", { retry: false }));
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();

  try {
    await kafkaCall(() => consumer.connect());
    await kafkaCall(() => consumer.subscribe({ topic, fromBeginning: true }));
    await kafkaCall(() =>
      consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch, heartbeat }) => {
          const range = ranges.get(batch.partition);
          if (range === undefined || !pending.has(batch.partition)) return;
          // Rejoining the group starts over at the log's start: what was handed out once is not handed out again.
          const from = next.get(batch.partition) ?? range.from;
          const wanted = within(batch.messages, { ...range, from });
          const last = wanted[wanted.length - 1];
          try {
            if (last !== undefined) {
              next.set(batch.partition, Number(last.offset) + 1);
              options.onMessages(batch.partition, wanted);
            }
          } catch (error) {
            // Thrown into the client it would be retried; it belongs to the caller.
            finish(error);
          }
          await heartbeat();
        },
      }),
    );
    await done.promise;
  } finally {
    clearInterval(watchdog);
    signal?.removeEventListener("abort", abort);
    await consumer.disconnect();
    // An empty group without offsets expires by itself; failing to delete it earlier harms nobody.
    await deps.admin.deleteGroups([groupId]).catch(() => undefined);
  }
}

function within(messages: readonly KafkaMessage[], range: PartitionRange): readonly KafkaMessage[] {
  const first = messages[0];
  const last = messages[messages.length - 1];
  if (first === undefined || last === undefined) return messages;
  if (Number(first.offset) >= range.from && Number(last.offset) < range.end) return messages;
  return messages.filter(({ offset }) => Number(offset) >= range.from && Number(offset) < range.end);
}
