import type { KafkaMessage } from "kafkajs";
import type { OffsetGap } from "./partition-position.ts";

/** One message, reduced to what the pipeline needs. `key` and `value` share memory with the fetch response. */
export type KafkaRecord = {
  readonly offset: number;
  /** The broker's append time, ms. */
  readonly appendTimeMs: number;
  readonly key: Buffer | null;
  /** Null for a tombstone. */
  readonly value: Buffer | null;
  /** The same object for consecutive messages with equal headers; not to be changed. */
  readonly headers: KafkaMessage["headers"];
};

/** Consecutive messages of one partition, finished or lost together. */
export type RecordRun = {
  readonly records: readonly KafkaRecord[];
  /** Size of keys and values, bytes. */
  readonly bytes: number;
  readonly ticket: RunTicket;
};

/** What is to be kept of a run until it is finished; its records need not be, which are many objects. */
export type RunTicket = {
  readonly partition: number;
  /** Offsets of the run's first and last message. */
  readonly first: number;
  readonly last: number;
  /** Memory that the ticket holds, bytes: the messages as they were fetched, compressed if they were. */
  readonly heldBytes: number;
  /** False once the partition was taken away or assigned anew: someone will read these messages again. */
  isCurrent(): boolean;
  /** Says that everything of the run is durable, so that its offsets may be committed. */
  complete(): void;
  /** Reads messages of the run again, in order of their offsets. @throws RangeError for one that is not of the run. */
  read(offsets: Iterable<number>): Promise<KafkaRecord[]>;
};

/** Where the messages go. */
export type RunSink = {
  /** Takes a run; must return within milliseconds. */
  accept(run: RecordRun): void;
  /** False while the buffer is full; one more fetch may still arrive. */
  hasRoom(): boolean;
  /** Resolves when there is room. */
  whenRoom(): Promise<void>;
  /** Forget all that is buffered: the assignment changed and its messages will be read again. */
  discard(): void;
};

/**
 * Offsets [from, to) without a message: markers and messages of aborted transactions, or what compaction has removed.
 * `appendTimeMs` is of a message near them.
 */
export type MissingOffsets = {
  partition: number;
  from: number;
  to: number;
  kind: "transaction" | "compacted";
  appendTimeMs: number;
};

/** What happened, for metrics. All optional. */
export type GroupObserver = {
  onJoined?(partitions: readonly number[]): void;
  onRebalance?(): void;
  onGap?(gap: OffsetGap): void;
  onPaused?(paused: boolean): void;
  onCommitted?(partition: number, offset: number): void;
  onCommitFailed?(code: string): void;
  onLag?(partition: number, messages: number): void;
  /** Acknowledged messages that nobody may read yet: they lie behind a transaction that is open. */
  onHidden?(partition: number, messages: number, stable: number): void;
};

export type GroupConsumerConfig = {
  groupId: string;
  topic: string;
  /** A member that is silent for this long is expelled, ms. */
  sessionTimeoutMs: number;
  /** How long a rebalance waits for its members, ms. */
  rebalanceTimeoutMs: number;
  heartbeatIntervalMs: number;
  /** A fetch waits this long for `minBytes`, ms. */
  maxWaitMs: number;
  minBytes: number;
  maxBytesPerPartition: number;
  maxBytes: number;
  /** Longest run handed to the sink, rows. */
  maxRunRecords: number;
  /** True for a compacted topic: missing offsets are normal there. */
  compacted?: boolean;
  /** True where the broker's own append time is relied on: a message whose client wrote its time ends the consumption. */
  appendTime?: boolean;
};
