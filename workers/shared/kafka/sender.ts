import { type Kafka, logLevel, type Producer } from "kafkajs";
import { AppError, errorFields } from "../runtime/errors.ts";
import type { Component } from "../runtime/lifecycle.ts";
import type { Logger } from "../runtime/logger.ts";
import { retryWithBackoff } from "../runtime/retry.ts";
import { type Compression, compressionType, registerCodecs } from "./codecs.ts";
import { bugInside, toKafkaError } from "./errors.ts";

/** One message. A string is sent as UTF-8. */
export type SendMessage = {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly headers?: Readonly<Record<string, string | Buffer>>;
};

/** Messages of one partition, in the order in which they are to lie there. */
export type PartitionBatch<M extends SendMessage> = { readonly partition: number; readonly messages: readonly M[] };

/**
 * What became of a message. `acknowledged`: on all in-sync replicas. `refused`: the broker will never take it (too large,
 * invalid). `unknown`: it was given up (see `signal`) and may or may not be in the topic.
 */
export type SendOutcome = "acknowledged" | "refused" | "unknown";

/** Where the broker put acknowledged messages, which lie one after the other; `firstOffset` -1: it did not say. */
export type SentTo = { readonly partition: number; readonly firstOffset: number };

export type Settle<M extends SendMessage> = (messages: readonly M[], outcome: SendOutcome, sentTo?: SentTo) => void;

export type SenderConfig = {
  topic: string;
  compression?: Compression;
  /** First and longest pause between attempts, ms; default 100 and 5000. */
  retryMinMs?: number;
  retryMaxMs?: number;
};

export type SenderDeps = {
  kafka: Kafka;
  logger: Logger;
  /** Called for every failed attempt, for metrics. */
  onFailure?: (error: AppError) => void;
};

/** Sends to one topic, one call at a time: see {@link createSender}. */
export type Sender = Component & {
  /** Connects and obtains a producer id, for as long as it takes; optional, the first send does it too. */
  connect(signal?: AbortSignal): Promise<void>;
  /**
   * Sends batches of distinct partitions in one go and settles every message exactly once; tries for as long as it takes
   * unless `signal` aborts. Must not be called again before it has resolved.
   * @throws what is no failure of Kafka, for example a bug in encoding.
   */
  send<M extends SendMessage>(
    batches: readonly PartitionBatch<M>[],
    settle: Settle<M>,
    signal?: AbortSignal,
  ): Promise<void>;
};

/** Verdicts on the messages themselves: sending the same again cannot help. */
const REFUSALS = new Set(["KAFKA_MESSAGE_TOO_LARGE", "KAFKA_RECORD_LIST_TOO_LARGE", "KAFKA_INVALID_RECORD"]);
/** Attempts within the client, all with the same sequence numbers, so that the broker drops the copies. About 20 s. */
const CLIENT_RETRIES = { retries: 8, initialRetryTime: 100, maxRetryTime: 5_000 };

/**
 * An idempotent producer with acks=all for one topic that never takes a message for acknowledged which is not.
 *
 * The client counts sequence numbers back when a request fails. With two calls under way the second one would then use the
 * numbers of the first, and the broker might take it for a copy of the first and acknowledge what it did not write.
 * (Tried with kafkajs 2.2.4, three calls at once, one answer lost: an acknowledged message was missing 20 times of 20.)
 * Hence, in this order:
 * 1. one call at a time, so that a retry within the client always carries the same messages under the same numbers;
 * 2. only partitions named in the broker's answers count as acknowledged: after a change of leader during a retry, the
 *    client forgets those that moved to a broker which has already answered;
 * 3. after any failure the producer is replaced: a new producer id, whose numbers start anew. What is sent again may then
 *    lie in the topic twice, which the pipeline removes by event_id; it is never lost.
 */
export function createSender(config: SenderConfig, deps: SenderDeps): Sender {
  registerCodecs();
  const { kafka, logger } = deps;
  const compression = compressionType(config.compression ?? "none");
  const backoff = { minMs: config.retryMinMs ?? 100, maxMs: config.retryMaxMs ?? 5_000 };
  let producer: Producer | undefined;
  let busy = false;

  const connected = async (): Promise<Producer> => {
    if (producer) return producer;
    const fresh = newProducer(kafka);
    try {
      await fresh.connect();
    } catch (error) {
      discard(fresh);
      throw error;
    }
    producer = fresh;
    return fresh;
  };

  /** One attempt; returns the partitions that acknowledged, with the first offset of each. */
  const attempt = async (batches: readonly PartitionBatch<SendMessage>[]): Promise<Map<number, number>> => {
    const current = await connected();
    const messages = batches.flatMap(({ partition, messages }) =>
      messages.map(({ key, value, headers }) => ({ key, value, partition, ...(headers ? { headers } : {}) })),
    );
    const answers = await current.send({ topic: config.topic, acks: -1, compression, messages });
    return new Map(
      answers
        .filter(({ errorCode }) => errorCode === 0)
        .map(({ partition, baseOffset = "-1" }) => [partition, Number(baseOffset)]),
    );
  };

  const fail = (thrown: unknown): unknown => {
    if (producer) discard(producer);
    producer = undefined;
    const error = asRetriable(thrown);
    if (error instanceof AppError) deps.onFailure?.(error);
    return error;
  };

  const withRetry = <T>(operation: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
    retryWithBackoff(
      async () => {
        try {
          return await orAborted(operation(), signal);
        } catch (thrown) {
          throw fail(thrown);
        }
      },
      {
        ...backoff,
        ...(signal ? { signal } : {}),
        onRetry: (error, attempt) =>
          logger.warn({ topic: config.topic, attempt, ...errorFields(error) }, "sending failed, trying again"),
      },
    );

  const sendAll = async <M extends SendMessage>(
    batches: readonly PartitionBatch<M>[],
    settle: Settle<M>,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    let open = batches;
    const giveUp = () => {
      for (const { messages } of open) settle(messages, "unknown");
    };
    try {
      await withRetry(async () => {
        const named = await attempt(open);
        if (signal?.aborted) return; // given up meanwhile: settled as unknown below
        const acknowledged = open.filter(({ partition }) => named.has(partition));
        open = open.filter(({ partition }) => !named.has(partition));
        for (const { partition, messages } of acknowledged)
          settle(messages, "acknowledged", { partition, firstOffset: named.get(partition) ?? -1 });
        if (open.length > 0) throw new AppError("KAFKA_UNACKNOWLEDGED", "no answer for a partition", { retry: true });
      }, signal);
      if (open.length > 0) giveUp();
    } catch (error) {
      if (signal?.aborted) return giveUp();
      if (!(error instanceof AppError) || !REFUSALS.has(error.code)) throw error;
      await narrow(open, error, settle, signal);
    }
  };

  /** Finds out which messages the broker refuses: each partition alone, then each half of a partition's messages. */
  const narrow = async <M extends SendMessage>(
    batches: readonly PartitionBatch<M>[],
    error: AppError,
    settle: Settle<M>,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const [first] = batches;
    if (batches.length > 1 || !first) {
      for (const batch of batches) await sendAll([batch], settle, signal);
      return;
    }
    const { partition, messages } = first;
    if (messages.length === 1) {
      logger.error({ topic: config.topic, partition, ...errorFields(error) }, "the broker refuses a message");
      settle(messages, "refused");
      return;
    }
    const half = messages.length >> 1;
    await sendAll([{ partition, messages: messages.slice(0, half) }], settle, signal);
    await sendAll([{ partition, messages: messages.slice(half) }], settle, signal);
  };

  return {
    name: `sender ${config.topic}`,
    connect: async (signal) => {
      await withRetry(connected, signal);
    },
    send: async (batches, settle, signal) => {
      if (busy) throw new Error("a sender sends one call at a time");
      busy = true;
      try {
        await sendAll(batches, settle, signal);
      } finally {
        busy = false;
      }
    },
    stop: async () => {
      const last = producer;
      producer = undefined;
      await last?.disconnect();
    },
  };
}

function newProducer(kafka: Kafka): Producer {
  // The client warns of every limit on retries, because giving up invalidates the sequence. That is dealt with here.
  kafka.logger().setLogLevel(logLevel.ERROR);
  try {
    return kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      retry: CLIENT_RETRIES,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
  } finally {
    kafka.logger().setLogLevel(logLevel.INFO);
  }
}

/** Lets go of a producer that failed: nobody waits for it, its connections may hang. */
function discard(producer: Producer): void {
  producer.disconnect().catch(() => undefined);
}

/**
 * The failure as something to retry, unless it is a verdict on the message or no failure of Kafka at all. Also what the
 * client deems permanent is retried (a missing permission, a sequence it lost track of): an operator can fix the one, a
 * new producer the other, and giving up would lose events.
 */
function asRetriable(thrown: unknown): unknown {
  const bug = bugInside(thrown);
  if (bug !== undefined) return bug;
  const error = toKafkaError(thrown);
  if (!(error instanceof AppError) || error.retry || REFUSALS.has(error.code)) return error;
  return new AppError(error.code, error.message, { retry: true, cause: error.cause, next: error.next });
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(new AppError("SEND_ABORTED", "given up", { retry: false }));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
