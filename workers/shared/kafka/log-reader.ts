import { CompressionCodecs, type KafkaMessage, logLevel } from "kafkajs-unpatched";
import Cluster from "kafkajs-unpatched/src/cluster";
import { createLogger as createClientLogger } from "kafkajs-unpatched/src/loggers";
import createSocketFactory from "kafkajs-unpatched/src/network/socketFactory";
import { AppError } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import { sleep } from "../runtime/sleep.ts";
import { logCreatorOf } from "./client.ts";
import { registerCodecs } from "./codecs.ts";
import { type KafkaConfig, resolveKafkaSecurity } from "./config.ts";
import { type Gap, sortFetched } from "./fetched-records.ts";
import type { PartitionRange } from "./topic-reader.ts";

/**
 * Reads a topic's log for the proofs. It stands on a second copy of the client, without our patch: what consumers decode
 * wrongly is seen here. It needs no group, starts at any offset, and tells for every offset what lies there.
 */
export type LogReader = {
  /**
   * Reads a range once, in order; `end` must not lie beyond the stable offset. Nothing outside is delivered.
   * @throws AppError `KAFKA_…` (retry true) when brokers do not answer or nothing comes for {@link STALL_MS}; `ABORTED`.
   */
  read(topic: string, range: PartitionRange, handler: LogHandler): Promise<void>;
  /** The first message at or after an offset, before `end`; undefined when there is none. */
  first(topic: string, range: PartitionRange, options?: { uncommitted?: boolean }): Promise<KafkaMessage | undefined>;
  close(): Promise<void>;
};

export type LogHandler = {
  onMessages(messages: readonly KafkaMessage[]): void;
  /** Offsets without a message that could be read. */
  onGap(gap: Gap): void;
  signal?: AbortSignal;
  /** Messages of transactions that are open or were aborted are delivered as well, beyond the stable offset too. */
  uncommitted?: boolean;
};

const STALL_MS = 60_000;
const FETCH_BYTES = 1_048_576;
const RETRY_MS = 300;
const [READ_UNCOMMITTED, READ_COMMITTED] = [0, 1];

/** Connects when it is first used. */
export function createLogReader(config: KafkaConfig, logger: Logger): LogReader {
  registerCodecs(CompressionCodecs);
  const client = new BrokerClient(config, logger);
  return {
    read: (topic, range, handler) => readRange(client, topic, range, handler),
    first: async (topic, range, { uncommitted = false } = {}) => {
      let found: KafkaMessage | undefined;
      const stop = new AbortController();
      const onMessages = ([message]: readonly KafkaMessage[]) => {
        found ??= message;
        stop.abort();
      };
      await readRange(client, topic, range, {
        onMessages,
        onGap: () => undefined,
        signal: stop.signal,
        uncommitted,
      }).catch((error) => {
        if (!stop.signal.aborted) throw error;
      });
      return found;
    },
    close: () => client.close(),
  };
}

type LogRange = PartitionRange & { uncommitted?: boolean };
type Fetched = ReturnType<typeof sortFetched>;

/** One connection pool, and fetches whose failures are told apart: brokers, offsets, or bytes that cannot be read. */
class BrokerClient {
  readonly #cluster: Cluster;
  #connected: Promise<void> | undefined;

  constructor(config: KafkaConfig, logger: Logger) {
    const log = logger.child({ component: "kafka-log" });
    this.#cluster = new Cluster({
      logger: createClientLogger({ level: logLevel.NOTHING, logCreator: logCreatorOf(log) as never }),
      socketFactory: createSocketFactory(),
      brokers: config.KAFKA_BROKERS,
      clientId: config.KAFKA_CLIENT_ID,
      ...resolveKafkaSecurity(config),
      connectionTimeout: 5_000,
      requestTimeout: 30_000,
      enforceRequestTimeout: true,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 200, maxRetryTime: 3_000, retries: 3 },
    });
  }

  /** What lies at and after an offset: at least its record batch, at most about `maxBytes`. */
  async fetch(topic: string, range: LogRange, maxBytes: number): Promise<Fetched> {
    const { partition, from } = range;
    this.#connected ??= this.#cluster.connect();
    await this.#connected;
    await this.#cluster.addTargetTopic(topic);
    const [nodeId] = Object.keys(this.#cluster.findLeaderForPartitions(topic, [partition]));
    if (nodeId === undefined) throw unavailable(`no leader of partition ${partition} of ${topic}`);
    const broker = await this.#cluster.findBroker({ nodeId });
    const { responses } = await broker.fetch({
      isolationLevel: range.uncommitted ? READ_UNCOMMITTED : READ_COMMITTED,
      maxWaitTime: 200,
      minBytes: 1,
      maxBytes,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(from), maxBytes }] }],
    });
    const answer = responses[0]?.partitions[0];
    if (answer === undefined) throw unavailable(`no answer about partition ${partition} of ${topic}`);
    return sortFetched(answer.messages, answer.abortedTransactions ?? [], range);
  }

  /** After a failure: leaders may have moved, connections may be gone. */
  async recover(): Promise<void> {
    if (this.#connected !== undefined) await this.#connected.catch(() => undefined);
    try {
      await this.#cluster.refreshMetadata();
    } catch {
      this.#connected = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#connected?.catch(() => undefined);
    await this.#cluster.disconnect().catch(() => undefined);
  }
}

const unavailable = (message: string) => new AppError("KAFKA_UNAVAILABLE", message, { retry: true });

async function readRange(
  client: BrokerClient,
  topic: string,
  range: PartitionRange,
  handler: LogHandler,
): Promise<void> {
  let at = range.from;
  let movedMs = performance.now();
  while (at < range.end) {
    if (handler.signal?.aborted) throw new AppError("ABORTED", "Interrupted", { retry: false });
    const rest = { ...range, from: at, uncommitted: handler.uncommitted ?? false };
    const fetched = await fetchReadable(client, topic, rest, movedMs);
    if (fetched === undefined) continue;
    for (const gap of fetched.gaps) handler.onGap(gap);
    if (fetched.messages.length > 0) handler.onMessages(fetched.messages);
    if (fetched.next > at) movedMs = performance.now();
    else if (performance.now() - movedMs > STALL_MS) throw stalled(topic, rest);
    else await sleep(RETRY_MS, handler.signal);
    at = fetched.next;
  }
}

const stalled = (topic: string, { partition, from }: PartitionRange) =>
  new AppError(
    "KAFKA_READ_STALLED",
    `No message of ${topic} (partition ${partition}, offset ${from}) arrived for ${STALL_MS} ms; check the brokers and try again`,
    { retry: true },
  );

/** Undefined: brokers did not answer, and the caller tries again. */
async function fetchReadable(
  client: BrokerClient,
  topic: string,
  range: LogRange,
  sinceMs: number,
): Promise<Fetched | undefined> {
  try {
    return await client.fetch(topic, range, FETCH_BYTES);
  } catch (thrown) {
    const failure = classify(thrown);
    if (failure.kind === "gone") return skipDeleted(client, topic, range);
    if (failure.kind === "unreadable") return skipUnreadable(client, topic, range, failure.detail);
    if (!failure.error.retry || performance.now() - sinceMs > STALL_MS) throw failure.error;
    await client.recover();
    await sleep(RETRY_MS);
    return undefined;
  }
}

type Failure = { kind: "unreadable"; detail: string } | { kind: "gone" } | { kind: "brokers"; error: AppError };

/** The client's names of errors about the bytes of a batch; a RangeError or TypeError of its decoder means the same. */
const UNREADABLE = new Set([
  "KafkaJSCorruptBatch",
  "KafkaJSUnsupportedMagicByteInMessageSet",
  "KafkaJSNotImplemented",
  "KafkaJSInvalidVarIntError",
  "KafkaJSInvalidLongError",
]);

function classify(thrown: unknown): Failure {
  if (thrown instanceof AppError) return { kind: "brokers", error: thrown };
  if (!(thrown instanceof Error)) throw thrown;
  if (thrown instanceof RangeError || thrown instanceof TypeError || UNREADABLE.has(thrown.name)) {
    return { kind: "unreadable", detail: thrown.message };
  }
  if (!thrown.name.startsWith("KafkaJS")) throw thrown;
  const { type, retriable } = thrown as { type?: string; retriable?: boolean };
  if (type === "OFFSET_OUT_OF_RANGE") return { kind: "gone" };
  const name = thrown.name
    .replace(/^KafkaJS/, "")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toUpperCase();
  const error = new AppError(`KAFKA_${type ?? name}`, thrown.message, { retry: retriable ?? true, cause: thrown });
  return { kind: "brokers", error };
}

/** Whether the batch at an offset can be read by itself. */
async function readable(client: BrokerClient, topic: string, range: LogRange): Promise<Fetched | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await client.fetch(topic, range, 1);
    } catch (thrown) {
      const failure = classify(thrown);
      if (failure.kind !== "brokers") return undefined;
      if (!failure.error.retry || attempt >= 10) throw failure.error;
      await client.recover();
      await sleep(RETRY_MS);
    }
  }
}

/** Of several batches only one may be unreadable: the first is tried by itself, and passed over only if it is the one. */
async function skipUnreadable(client: BrokerClient, topic: string, range: LogRange, detail: string): Promise<Fetched> {
  const alone = await readable(client, topic, range);
  if (alone !== undefined) return alone;
  const to = await findReadable(range, (from) => readable(client, topic, { ...range, from }));
  return { messages: [], gaps: [{ from: range.from, to, kind: "unreadable", detail }], next: to };
}

async function skipDeleted(client: BrokerClient, topic: string, range: LogRange): Promise<Fetched> {
  const to = await findReadable(range, (from) => readable(client, topic, { ...range, from }));
  return { messages: [], gaps: [{ from: range.from, to, kind: "deleted" }], next: to };
}

/** The first offset from which reading works again; the end of the range when there is none. */
export async function findReadable(
  { from, end }: { from: number; end: number },
  works: (offset: number) => Promise<unknown>,
): Promise<number> {
  let bad = from;
  let good = end;
  for (let step = 1; bad + step < end; step *= 2) {
    if ((await works(bad + step)) === undefined) {
      bad += step;
      continue;
    }
    good = bad + step;
    break;
  }
  while (good - bad > 1) {
    const middle = Math.floor((bad + good) / 2);
    if (middle < end && (await works(middle)) === undefined) bad = middle;
    else good = middle;
  }
  return good;
}
