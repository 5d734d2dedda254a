import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from "kafkajs";
import type { Clock } from "../runtime/clock.ts";
import { AppError, errorFields } from "../runtime/errors.ts";
import type { Component } from "../runtime/lifecycle.ts";
import type { Logger } from "../runtime/logger.ts";
import { sleep } from "../runtime/sleep.ts";
import { registerCodecs } from "./codecs.ts";
import { bugInside, isUnreadable, kafkaCall, toKafkaError, UnreadableBatchError } from "./errors.ts";
import { FetchGate } from "./fetch-gate.ts";
import { createGroupClient, fetchRecordedOffsets } from "./group-client.ts";
import { describeGroup, foreignAssignorError, foreignTopicsError } from "./group-members.ts";
import type { GroupConsumerConfig, GroupObserver, MissingOffsets, RunSink } from "./group-types.ts";
import { GroupWatch } from "./group-watch.ts";
import { missingOffsets } from "./missing-offsets.ts";
import { type CommittableOffset, OffsetCommitter } from "./offset-committer.ts";
import { OffsetTracker } from "./offset-tracker.ts";
import { type OffsetGap, resolveJump, resolveStartOffset } from "./partition-position.ts";
import { cutIntoRuns } from "./record-runs.ts";
import { fetchTopicRanges, type PartitionRange } from "./topic-reader.ts";
import { clientTimesError, findClientTimes, skipCommand } from "./topic-time.ts";

type Partition = { tracker: OffsetTracker; committed: number; rereadFrom: number | undefined };

const RETRY_MS = 500;
/** Messages handed over in one go before other work gets its turn: a few ms. */
const PAUSE_EVERY = 2_000;
/** Pause before joining again, ms. */
const REJOIN_MS = 2_000;

/**
 * A member of a consumer group that commits only what was reported as durable.
 *
 * - The client's handler returns as soon as the sink has taken the messages. While the sink is full the partitions are
 *   paused: the client then goes round its loop without fetching and keeps sending heartbeats, so an outage of any
 *   length behind the sink costs no membership.
 * - Every assignment starts anew: what is buffered is discarded, the start of every partition is taken from the group's
 *   committed offset and compared with what the topic still has. Reading a message twice is harmless downstream.
 * - Offsets of one assignment are never committed under another, see {@link OffsetCommitter}.
 */
export class GroupConsumer implements Component {
  readonly name: string;
  /** Rejects when consumption ended for good by a failure; never resolves. */
  readonly finished: Promise<never>;

  readonly #config: GroupConsumerConfig;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #sink: RunSink;
  readonly #observer: GroupObserver;
  readonly #remember: (missing: readonly MissingOffsets[]) => Promise<void>;
  readonly #consumer: Consumer;
  readonly #admin;
  readonly #stopped = new AbortController();
  readonly #committer: OffsetCommitter;
  readonly #gate: FetchGate;
  readonly #watch: GroupWatch;
  #fail: (error: unknown) => void = () => undefined;

  #partitions = new Map<number, Partition>();
  #remembered = new Map<number, number>();
  #epoch = 0;
  #joined = false;
  #stopping = false;
  #ended = false;
  /** Why the group cannot be joined although the brokers answer. */
  #refusal: AppError | undefined;
  #lastFetchMs: number;

  constructor(
    config: GroupConsumerConfig,
    deps: {
      kafka: Kafka;
      logger: Logger;
      clock: Clock;
      sink: RunSink;
      observer?: GroupObserver;
      /** Makes durable under which offsets there is no message; offsets behind them are not committed before. */
      remember?: (missing: readonly MissingOffsets[]) => Promise<void>;
    },
  ) {
    registerCodecs();
    this.name = `consumer group ${config.groupId}`;
    this.#config = config;
    this.#logger = deps.logger.child({ group: config.groupId, topic: config.topic });
    this.#clock = deps.clock;
    this.#sink = deps.sink;
    this.#observer = deps.observer ?? {};
    this.#remember = deps.remember ?? (async () => undefined);
    this.#lastFetchMs = deps.clock.now();
    this.finished = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.finished.catch(() => undefined);
    this.#committer = new OffsetCommitter({
      logger: this.#logger,
      uncommitted: () => this.#uncommitted(),
      onCommitted: (offsets) => this.#markCommitted(offsets),
      onFailed: (code) => this.#observer.onCommitFailed?.(code),
      onBug: (error) => this.#fail(error),
      signal: this.#stopped.signal,
    });
    this.#admin = deps.kafka.admin();
    this.#consumer = createGroupClient(deps.kafka, config);
    this.#gate = new FetchGate({
      topic: config.topic,
      consumer: this.#consumer,
      sink: this.#sink,
      observer: this.#observer,
      logger: this.#logger,
    });
    this.#watch = new GroupWatch(config, {
      admin: this.#admin,
      clock: this.#clock,
      logger: this.#logger,
      ownCommitted: (partition) => (this.#joined ? this.#partitions.get(partition)?.committed : undefined),
      onLag: (partition, messages) => this.#observer.onLag?.(partition, messages),
      onHidden: (partition, messages, stable) => this.#observer.onHidden?.(partition, messages, stable),
    });
  }

  /** Joined the group, and the assignment is in place (it may be empty). */
  get joined(): boolean {
    return this.#joined;
  }

  /** What keeps the group from its work and needs somebody: a foreign member, or partitions nobody reads. */
  get problem(): string | undefined {
    const unread = this.#watch.unread;
    if (unread.length === 0) return this.#refusal?.message;
    const sentence = `nobody in group ${this.#config.groupId} has read partitions ${unread.join(", ")} of ${this.#config.topic} for a minute`;
    return this.#refusal === undefined ? sentence : `${sentence}; ${this.#refusal.message}`;
  }

  /** Partitions of the topic that no member of the group has read for a minute. */
  get unreadPartitions(): number[] {
    return this.#watch.unread;
  }

  get assignedPartitions(): number[] {
    return [...this.#partitions.keys()];
  }

  /** Ms since the client last went round its fetch loop. */
  get idleMs(): number {
    return this.#clock.now() - this.#lastFetchMs;
  }

  /** Connects and joins the group; resolves when consumption is under way (not necessarily joined yet). */
  async start(): Promise<void> {
    const { consumer, topic } = { consumer: this.#consumer, topic: this.#config.topic };
    const { events } = consumer;
    consumer.on(events.GROUP_JOIN, ({ payload }) => this.#onJoin(payload.memberAssignment[topic] ?? []));
    consumer.on(events.REBALANCING, () => this.#onLeft("rebalancing"));
    consumer.on(events.RECEIVED_UNSUBSCRIBED_TOPICS, ({ payload }) => {
      this.#end(foreignTopicsError(this.#config.groupId, topic, payload.topicsNotSubscribed));
    });
    consumer.on(events.FETCH_START, () => {
      this.#lastFetchMs = this.#clock.now();
    });
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0)
        this.#onNothing(payload.partition, payload.firstOffset, Number(payload.lastOffset) + 1);
    });
    consumer.on(events.REQUEST, ({ payload }) => {
      if (payload.apiName === "JoinGroup") this.#committer.close();
    });
    consumer.on(events.CRASH, ({ payload }) => this.#onCrash(payload.error, payload.restart));
    await kafkaCall(async () => {
      await this.#admin.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await this.#run();
    });
    void this.#watch.run(this.#stopped.signal);
  }

  /** No further messages are handed to the sink; the membership and commits go on. */
  stopFetching(): void {
    this.#stopping = true;
    this.#gate.close();
  }

  /** Resolves when everything reported as complete is committed, or at the deadline. Returns whether it is. */
  async commitAll(timeoutMs: number): Promise<boolean> {
    const deadline = this.#clock.now() + timeoutMs;
    while (this.#uncommitted().length > 0 && !this.#ended && this.#clock.now() < deadline) {
      this.#committer.request();
      await sleep(20);
    }
    return this.#uncommitted().length === 0;
  }

  /** Leaves the group and disconnects. Nothing is committed by this. */
  async stop(): Promise<void> {
    this.stopFetching();
    this.#committer.close();
    this.#joined = false;
    this.#stopped.abort();
    await this.#consumer.disconnect();
    await this.#admin.disconnect();
  }

  /**
   * The client has ended for good. What it handed over before stays current, so that a drain still makes it durable: of
   * an unreadable batch in the log all that precedes it is stored, and whoever moves the group beyond it loses no more.
   */
  #end(error: unknown): void {
    this.#stopping = true;
    this.#ended = true;
    this.#committer.close();
    this.#fail(error);
  }

  async #run(): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 64,
      eachBatch: (payload) => this.#onBatch(payload),
    });
  }

  /**
   * The client gave up. After what it takes for transient it starts anew by itself; that leaves out what brokers answer
   * while they stop (an unknown server error, no coordinator) and a right that is taken away and given back. Who was a
   * member before therefore joins again; before the first time only a failure to retry is tried again, since the
   * configuration is the likelier cause.
   */
  #onCrash(thrown: unknown, restarts: boolean): void {
    const wasMember = this.#epoch > 0;
    this.#onLeft("client stopped");
    const error = this.#withAdvice(bugInside(thrown) ?? toKafkaError(thrown));
    const failure = error instanceof AppError && !isUnreadable(error) ? error : undefined;
    const refused = failure?.code === "KAFKA_INCONSISTENT_GROUP_PROTOCOL";
    if (refused) void this.#noteRefusal();
    else this.#logger.error({ restart: restarts, ...errorFields(error) }, "the Kafka client stopped");
    const joinsAgain = restarts || refused || failure?.retry || (wasMember && failure !== undefined);
    if (!joinsAgain) {
      this.#end(error);
      return;
    }
    this.#epoch++;
    this.#partitions = new Map();
    this.#gate.clear();
    this.#sink.discard();
    if (!restarts) void this.#rejoin();
  }

  /** Of a batch that cannot be read: the command that gives up exactly that batch. */
  #withAdvice(error: unknown): unknown {
    if (!(error instanceof UnreadableBatchError)) return error;
    const { code, message, range, cause } = error;
    const command = skipCommand({ topic: this.#config.topic, ...range });
    return new AppError(code, message, { retry: false, cause, next: `to give these messages up: ${command}` });
  }

  /** The members divide their partitions in a way this client does not know. Says who they are, once. */
  async #noteRefusal(): Promise<void> {
    const group = await describeGroup(this.#admin, this.#config.groupId).catch(() => undefined);
    const refusal = foreignAssignorError(this.#config.groupId, group ?? { state: "", assignor: "", members: [] });
    if (this.#refusal === undefined) this.#logger.error(errorFields(refusal), "cannot join the group, trying again");
    this.#refusal = refusal;
  }

  async #rejoin(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await sleep(REJOIN_MS, signal);
      if (signal.aborted) return;
      try {
        // A refusal of the membership itself is another crash, which starts the next attempt.
        return await this.#run();
      } catch (thrown) {
        const error = bugInside(thrown) ?? toKafkaError(thrown);
        if (!(error instanceof AppError)) return this.#fail(error);
        this.#logger.warn(errorFields(error), "cannot join the group again yet, trying again");
      }
    }
  }

  #onLeft(reason: string): void {
    if (this.#joined) {
      this.#logger.info({ reason }, "assignment ends");
      this.#observer.onRebalance?.();
    }
    this.#joined = false;
  }

  /** Runs synchronously inside the client's join, before it fetches anything of the new assignment. */
  #onJoin(assigned: readonly number[]): void {
    this.#epoch++;
    this.#refusal = undefined;
    this.#partitions = new Map();
    this.#committer.close();
    this.#sink.discard();
    this.#gate.assign(assigned);
    void this.#establish(this.#epoch, assigned);
  }

  /** Finds the start of every assigned partition; until then they stay paused. */
  async #establish(epoch: number, assigned: readonly number[]): Promise<void> {
    while (epoch === this.#epoch && !this.#stopped.signal.aborted) {
      try {
        const [ranges, recorded] = await Promise.all([
          fetchTopicRanges(this.#admin, this.#config.topic),
          fetchRecordedOffsets(this.#admin, this.#config.groupId, this.#config.topic),
        ]);
        if (epoch !== this.#epoch || this.#stopped.signal.aborted) return;
        requireAll(assigned, ranges);
        for (const { partition, from: low, end: high, stable } of ranges) {
          if (!assigned.includes(partition)) continue;
          const facts = { partition, committed: recorded.get(partition) ?? -1, low, high };
          const { start, gap } = resolveStartOffset({ ...facts, remembered: this.#remembered.get(partition) });
          if (gap) this.#reportGap(gap);
          this.#seek(partition, start);
          const tracker = new OffsetTracker(start);
          this.#partitions.set(partition, { tracker, committed: start, rereadFrom: undefined });
          this.#observer.onLag?.(partition, stable - start);
        }
        this.#committer.open();
        this.#joined = true;
        this.#logger.info({ epoch, partitions: assigned }, "assigned");
        this.#observer.onJoined?.(assigned);
        this.#gate.open(this.#partitions.keys());
        return;
      } catch (error) {
        const failure = toKafkaError(error);
        if (!(failure instanceof AppError)) return this.#fail(failure);
        this.#logger.warn(errorFields(failure), "cannot read the group's position yet, trying again");
        await sleep(RETRY_MS, this.#stopped.signal);
      }
    }
  }

  #seek(partition: number, offset: number): void {
    this.#consumer.seek({ topic: this.#config.topic, partition, offset: String(offset) });
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const epoch = this.#epoch;
    const partition = this.#partitions.get(batch.partition);
    // What is not resolved is fetched again.
    if (this.#stopping || partition === undefined || payload.isStale()) return;
    const foreign = this.#config.appendTime ? findClientTimes(batch.messages) : undefined;
    const messages = foreign ? batch.messages.filter(({ offset }) => Number(offset) < foreign.from) : batch.messages;
    if (foreign && messages.length === 0) {
      return this.#end(clientTimesError(batch.topic, { partition: batch.partition, ...foreign }));
    }
    const first = Number(batch.firstOffset());
    const expected = partition.tracker.handedOut;
    if (first !== expected && !(await this.#acceptJump(batch.partition, partition, first))) return;
    if (epoch !== this.#epoch || this.#stopping) return;
    // A jump backwards has replaced the partition's state.
    const current = this.#partitions.get(batch.partition);
    if (current === undefined) return;
    current.rereadFrom = undefined;
    this.#committer.use((offsets) => {
      const partitions = offsets.map(({ partition, offset }) => ({ partition, offset: String(offset) }));
      return payload.commitOffsetsIfNecessary({ topics: [{ topic: batch.topic, partitions }] });
    });
    const next = foreign?.from ?? Number(batch.lastOffset()) + 1;
    this.#note(current, missingOffsets(batch, messages, current.tracker.handedOut, next));
    // Of an assignment that has ended meanwhile nothing may be resolved: it would move the position of the new one.
    if (!(await this.#handOver(batch.partition, current, messages, next))) return;
    payload.resolveOffset(String(next - 1));
    this.#observer.onLag?.(batch.partition, readableEnd(batch) - current.committed);
    await this.#gate.waitForRoom();
  }

  /** Returns whether all of it was handed over: not when the assignment ended meanwhile. */
  async #handOver(
    partition: number,
    state: Partition,
    messages: readonly KafkaMessage[],
    next: number,
  ): Promise<boolean> {
    const first = messages[0];
    if (first === undefined) return true;
    const isCurrent = () => this.#partitions.get(partition) === state;
    const onComplete = () => {
      if (isCurrent()) this.#committer.request();
    };
    const owner = { partition, tracker: state.tracker, isCurrent, onComplete };
    let untilPause = PAUSE_EVERY;
    for (const run of cutIntoRuns(messages, next, this.#config.maxRunRecords, owner)) {
      this.#sink.accept(run);
      untilPause -= run.records.length;
      if (untilPause > 0) continue;
      untilPause = PAUSE_EVERY;
      await new Promise((resolve) => setImmediate(resolve));
      if (!isCurrent() || this.#stopping) return false;
    }
    return true;
  }

  /** Batches of markers and aborted messages alone, which the client passes over by itself. */
  #onNothing(id: number, firstOffset: string | null, next: number): void {
    const state = this.#joined ? this.#partitions.get(id) : undefined;
    if (this.#stopping || state === undefined || firstOffset === null) return;
    const from = state.tracker.handedOut;
    // Anything else is judged as a jump when the next messages arrive.
    if (Number(firstOffset) !== from || next <= from) return;
    const appendTimeMs = this.#clock.now();
    this.#note(state, [{ partition: id, from, to: next, kind: "transaction", appendTimeMs }]);
    state.tracker.complete(state.tracker.track(next));
    this.#committer.request();
  }

  /** What is handed out from now on is committed only when it is remembered which offsets before it have no message. */
  #note(state: Partition, missing: readonly MissingOffsets[]): void {
    if (missing.length === 0 || this.#config.compacted) return;
    for (const { partition, kind, from, to } of missing) {
      if (kind === "compacted") this.#reportGap({ partition, reason: "hole", from, to });
    }
    const held = state.tracker.hold();
    const done = () => {
      state.tracker.complete(held);
      this.#committer.request();
    };
    this.#remember(missing).then(done, (error: unknown) => {
      if (!(error instanceof AppError)) this.#fail(error);
    });
  }

  /** A batch that does not continue the last one is taken only when what lies between is really gone. */
  async #acceptJump(id: number, state: Partition, first: number): Promise<boolean> {
    const expected = state.tracker.handedOut;
    const ranges = await fetchTopicRanges(this.#admin, this.#config.topic);
    if (this.#partitions.get(id) !== state) return false;
    const low = ranges.find(({ partition }) => partition === id)?.from ?? 0;
    const verdict = resolveJump({ partition: id, expected, first, low, reread: state.rereadFrom === expected });
    if (verdict.kind === "reread") {
      state.rereadFrom = expected;
      this.#seek(id, expected);
      return false;
    }
    if (verdict.gap.reason === "hole") {
      const hole = {
        partition: id,
        from: expected,
        to: first,
        kind: "compacted" as const,
        appendTimeMs: this.#clock.now(),
      };
      this.#note(state, [hole]);
    } else this.#reportGap(verdict.gap);
    if (first > expected) {
      // The gap itself is finished: what precedes it decides when it may be committed.
      state.tracker.complete(state.tracker.track(first));
    } else {
      // What was handed out and is not durable yet is read again: a commit above it could lose it.
      const from = Math.min(first, state.tracker.committable);
      this.#partitions.set(id, { tracker: new OffsetTracker(from), committed: from, rereadFrom: undefined });
      if (from < first) {
        this.#seek(id, from);
        return false;
      }
    }
    return true;
  }

  #reportGap(gap: OffsetGap): void {
    const fields = { ...gap, messages: gap.to - gap.from };
    if (gap.reason === "hole") this.#logger.warn(fields, "the log has no messages under these offsets: compaction");
    else this.#logger.error(fields, "offsets were skipped: messages are lost to this group");
    this.#observer.onGap?.(gap);
  }

  #uncommitted(): CommittableOffset[] {
    return [...this.#partitions]
      .filter(([, { tracker, committed }]) => tracker.committable > committed)
      .map(([partition, { tracker }]) => ({ partition, offset: tracker.committable }));
  }

  #markCommitted(offsets: readonly CommittableOffset[]): void {
    for (const { partition, offset } of offsets) {
      const state = this.#partitions.get(partition);
      if (state) state.committed = Math.max(state.committed, offset);
      this.#remembered.set(partition, offset);
      this.#observer.onCommitted?.(partition, offset);
    }
  }
}

/** The end of what may be read of a batch's partition: an open transaction hides what lies behind it. */
function readableEnd(batch: EachBatchPayload["batch"] & { lastStableOffset?: string }): number {
  const end = Number(batch.highWatermark);
  const stable = Number(batch.lastStableOffset ?? -1);
  return stable < 0 ? end : Math.min(end, stable);
}

/** @throws AppError for a partition that one broker has assigned and another one does not know yet: it would stay paused. */
function requireAll(assigned: readonly number[], ranges: readonly PartitionRange[]): void {
  const unknown = assigned.filter((id) => !ranges.some(({ partition }) => partition === id));
  if (unknown.length === 0) return;
  throw new AppError("KAFKA_UNKNOWN_PARTITION", `no offsets of partitions ${unknown.join(", ")} yet`, { retry: true });
}
