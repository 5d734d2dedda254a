import type { RecordRun, RunSink } from "../shared/kafka/group-types.ts";
import { type Batch, Batcher, type BatchLimits, type BatchTrigger } from "../shared/pipeline/batcher.ts";
import type { Clock } from "../shared/runtime/clock.ts";

/** Makes one batch durable and completes its runs. Must only reject on what is no failure of Kafka or ClickHouse. */
export type Flush = (batch: Batch<RecordRun>, slot: number) => Promise<void>;

export type IngestPipelineConfig = BatchLimits & {
  /** A batch waits at least this long for company while the store is quick, ms; see {@link batchAgeMs}. */
  minAgeMs: number;
  /** Bytes held, in flush included, above which no more messages are asked for. */
  maxBufferedBytes: number;
  /** Batches flushed at the same time: while one is encoded another one is inserted. */
  maxFlushes: number;
};

export type IngestPipelineDeps = {
  clock: Clock;
  flush: Flush;
  /** Called with the number of messages that are forgotten on a rebalance. */
  onDiscard?: (rows: number) => void;
  /** Called with the bytes of every batch that is done with. */
  onDone?: (bytes: number) => void;
};

/** What a buffered message costs besides its key and value, bytes: measured, it keeps many small messages in bounds. */
const RECORD_OVERHEAD_BYTES = 250;

/** How much the last flush counts in the average of their durations. */
const SMOOTHING = 0.2;

/**
 * How long a batch may wait: as long as a flush takes, within limits. While the store is quick, batches are small and
 * events are queryable soon; the slower it gets, the fewer and larger inserts it has to take.
 */
export function batchAgeMs(flushMs: number, { minAgeMs, maxAgeMs }: { minAgeMs: number; maxAgeMs: number }): number {
  return Math.min(maxAgeMs, Math.max(minAgeMs, flushMs));
}

/** Collects runs into batches and flushes them, a few at a time, in bounded memory. */
export class IngestPipeline implements RunSink {
  /** Rejects when a flush fails by something unexpected; never resolves. */
  readonly finished: Promise<never>;

  readonly #config: IngestPipelineConfig;
  readonly #clock: Clock;
  readonly #flush: Flush;
  readonly #onDiscard: (rows: number) => void;
  readonly #onDone: (bytes: number) => void;
  readonly #batcher: Batcher<RecordRun>;
  readonly #freeSlots: number[];
  #flushingBytes = 0;
  #meanFlushMs = 0;
  #draining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #roomWaiters: (() => void)[] = [];
  #idleWaiters: (() => void)[] = [];
  #fail: (error: unknown) => void = () => undefined;

  constructor(config: IngestPipelineConfig, deps: IngestPipelineDeps) {
    this.#config = config;
    this.#clock = deps.clock;
    this.#flush = deps.flush;
    this.#onDiscard = deps.onDiscard ?? (() => undefined);
    this.#onDone = deps.onDone ?? (() => undefined);
    this.#batcher = new Batcher(config);
    this.#freeSlots = Array.from({ length: config.maxFlushes }, (_, slot) => slot);
    this.finished = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.finished.catch(() => undefined);
  }

  /** Bytes held, in flush included; an estimate of memory, not only of message bytes. */
  get bufferedBytes(): number {
    return this.#batcher.bytes + this.#flushingBytes;
  }

  accept(run: RecordRun): void {
    const rows = run.records.length;
    this.#batcher.add(run, { rows, bytes: run.bytes + rows * RECORD_OVERHEAD_BYTES }, this.#clock.now());
    this.#pump();
  }

  hasRoom(): boolean {
    return this.bufferedBytes < this.#config.maxBufferedBytes;
  }

  whenRoom(): Promise<void> {
    return this.hasRoom() ? Promise.resolve() : new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  discard(): void {
    this.#onDiscard(this.#batcher.clear());
    this.#notify();
  }

  /** Flushes everything that waits, without regard to limits; resolves when nothing is left. */
  drain(): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      this.#pump();
      this.#notify();
    });
  }

  #ageLimitMs(): number {
    return batchAgeMs(this.#meanFlushMs, this.#config);
  }

  #due(): BatchTrigger | undefined {
    const trigger = this.#batcher.due(this.#clock.now(), this.#ageLimitMs());
    return trigger ?? (this.#draining && this.#batcher.rows > 0 ? "drain" : undefined);
  }

  #pump(): void {
    while (this.#freeSlots.length > 0) {
      const trigger = this.#due();
      const batch = trigger && this.#batcher.take(trigger, this.#clock.now());
      const slot = batch && this.#freeSlots.pop();
      if (batch === undefined || slot === undefined) break;
      void this.#run(batch, slot);
    }
    clearTimeout(this.#timer);
    const dueAt = this.#batcher.dueByAgeAtMs(this.#ageLimitMs());
    if (dueAt !== undefined && this.#freeSlots.length > 0) {
      this.#timer = setTimeout(() => this.#pump(), Math.max(1, dueAt - this.#clock.now()));
    }
  }

  async #run(batch: Batch<RecordRun>, slot: number): Promise<void> {
    this.#flushingBytes += batch.bytes;
    const began = this.#clock.now();
    try {
      await this.#flush(batch, slot);
    } catch (error) {
      this.#fail(error);
    }
    this.#flushingBytes -= batch.bytes;
    this.#meanFlushMs += SMOOTHING * (this.#clock.now() - began - this.#meanFlushMs);
    this.#onDone(batch.bytes);
    this.#freeSlots.push(slot);
    this.#notify();
    this.#pump();
  }

  #notify(): void {
    if (this.hasRoom()) for (const resolve of this.#roomWaiters.splice(0)) resolve();
    const idle = this.#batcher.rows === 0 && this.#freeSlots.length === this.#config.maxFlushes;
    if (idle) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}
