import type { RecordRun, RunSink } from "../shared/kafka/group-types.ts";
import type { Clock } from "../shared/runtime/clock.ts";

/** Messages on their way to one flush, in the form in which they are held. Used again after {@link reset}. */
export type Batch = {
  /** Messages taken since the last reset. */
  readonly rows: number;
  /** Memory held for them, bytes. */
  readonly bytes: number;
  add(run: RecordRun, nowMs: number): void;
  reset(): void;
};

/** Why a batch was flushed; `drain` empties the buffer before a stop. */
export type BatchTrigger = "rows" | "bytes" | "age" | "drain";

/** `ageMs` is the age of the batch's oldest message since it was fetched. */
export type FlushOccasion = { readonly trigger: BatchTrigger; readonly ageMs: number };

/** Makes one batch durable and completes its runs. Must only reject on what is no failure of Kafka or ClickHouse. */
export type Flush<B extends Batch> = (batch: B, occasion: FlushOccasion) => Promise<void>;

export type IngestPipelineConfig = {
  /** A batch is complete with so many rows. Runs are not split, so a run of more makes a larger batch. */
  maxRows: number;
  /** A batch is complete when it holds so many bytes; its last run may exceed that. */
  maxBytes: number;
  /** A batch waits at least this long for company while the store is quick, ms; see {@link batchAgeMs}. */
  minAgeMs: number;
  /** A batch is flushed at the latest after this time, ms. */
  maxAgeMs: number;
  /** … or after this time, while a backlog lasts that will fill it. */
  bulkAgeMs: number;
  /** Bytes held, in flush included, above which no more messages are asked for. */
  maxBufferedBytes: number;
  /** Batches flushed at the same time, while they are small; one more is filled meanwhile. */
  maxFlushes: number;
  /**
   * Batches that together hold more bytes than this are flushed one after the other: half as many inserts, each twice as
   * large, cost the store less. Small ones need not wait for each other.
   */
  maxParallelBytes: number;
};

export type IngestPipelineDeps<B extends Batch> = {
  clock: Clock;
  createBatch: () => B;
  flush: Flush<B>;
  /** Called with the number of messages that are forgotten on a rebalance. */
  onDiscard?: (rows: number) => void;
  /** Called with the bytes of every run that is taken. */
  onTaken?: (bytes: number) => void;
  /** Messages that are not finished yet, the held ones included; none by default. */
  lag?: () => number;
};

/** What a message costs while it waits as an object besides its key and value, bytes. */
const RECORD_OVERHEAD_BYTES = 250;

/** Less than so much of a complete batch is no backlog worth waiting for. */
const BULK_SHARE = 0.25;
/** Between two looks whether the backlog still lasts, ms. */
const BULK_LOOK_MS = 100;

/** How much the last flush counts in the average of their durations. */
const SMOOTHING = 0.2;

/**
 * How long a batch may wait: as long as a flush takes, within limits. While the store is quick, batches are small and
 * events are queryable soon; the slower it gets, the fewer and larger inserts it has to take.
 */
export function batchAgeMs(flushMs: number, { minAgeMs, maxAgeMs }: { minAgeMs: number; maxAgeMs: number }): number {
  return Math.min(maxAgeMs, Math.max(minAgeMs, flushMs));
}

type Waiting = { readonly run: RecordRun; readonly bytes: number; readonly sinceMs: number };

/**
 * Fills batches with runs and flushes them, in bounded memory. A run goes into the open batch at once, so that its
 * messages need not be kept as objects; it waits only while that one is full and all others are being flushed.
 */
export class IngestPipeline<B extends Batch> implements RunSink {
  /** Rejects when a flush fails by something unexpected; never resolves. */
  readonly finished: Promise<never>;

  readonly #config: IngestPipelineConfig;
  readonly #deps: IngestPipelineDeps<B>;
  /** Empty batches, the open one included; when there are none, all are being flushed. */
  readonly #free: B[];
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** When the oldest message of the open batch was accepted; undefined when the batch is empty. */
  #openSinceMs: number | undefined;
  #flushes = 0;
  #flushingBytes = 0;
  #flushingRows = 0;
  #meanFlushMs = 0;
  #draining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #roomWaiters: (() => void)[] = [];
  #idleWaiters: (() => void)[] = [];
  #fail: (error: unknown) => void = () => undefined;

  constructor(config: IngestPipelineConfig, deps: IngestPipelineDeps<B>) {
    this.#config = config;
    this.#deps = deps;
    this.#free = Array.from({ length: config.maxFlushes + 1 }, deps.createBatch);
    this.finished = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.finished.catch(() => undefined);
  }

  /** Bytes held, in flush included; an estimate of memory, not only of message bytes. */
  get bufferedBytes(): number {
    return this.#waitingBytes + (this.#open?.bytes ?? 0) + this.#flushingBytes;
  }

  accept(run: RecordRun): void {
    const bytes = run.bytes + run.records.length * RECORD_OVERHEAD_BYTES;
    this.#waiting.push({ run, bytes, sinceMs: this.#deps.clock.now() });
    this.#waitingBytes += bytes;
    this.#pump();
  }

  /** None while a run waits: messages as objects take thrice the memory that they take in a batch. */
  hasRoom(): boolean {
    return this.#waiting.length === 0 && this.bufferedBytes < this.#config.maxBufferedBytes;
  }

  whenRoom(): Promise<void> {
    return this.hasRoom() ? Promise.resolve() : new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  discard(): void {
    const waiting = this.#waiting.reduce((sum, { run }) => sum + run.records.length, 0);
    this.#deps.onDiscard?.(waiting + (this.#open?.rows ?? 0));
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#open?.reset();
    this.#openSinceMs = undefined;
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

  get #open(): B | undefined {
    return this.#free[0];
  }

  #pump(): void {
    for (let open = this.#fill(); open !== undefined; open = this.#fill()) {
      const trigger = this.#due(open);
      if (trigger === undefined || !this.#mayFlush(open)) break;
      this.#free.shift();
      void this.#run(open, { trigger, ageMs: this.#deps.clock.now() - (this.#openSinceMs ?? 0) });
      this.#openSinceMs = undefined;
    }
    this.#setTimer();
  }

  /** Moves what waits into the open batch, as far as it fits; answers that batch, if there is one. */
  #fill(): B | undefined {
    const open = this.#open;
    if (open === undefined) return undefined;
    let moved = 0;
    for (const { run, bytes, sinceMs } of this.#waiting) {
      if (!this.#fits(open, run.records.length)) break;
      open.add(run, this.#deps.clock.now());
      this.#openSinceMs ??= sinceMs;
      this.#waitingBytes -= bytes;
      this.#deps.onTaken?.(bytes);
      moved++;
    }
    if (moved > 0) this.#waiting = this.#waiting.slice(moved);
    return open;
  }

  #fits(open: B, rows: number): boolean {
    const { maxRows, maxBytes } = this.#config;
    return open.rows === 0 || (open.rows + rows <= maxRows && open.bytes < maxBytes);
  }

  #mayFlush(open: B): boolean {
    const { maxFlushes, maxParallelBytes } = this.#config;
    if (this.#flushes === 0) return true;
    return this.#flushes < maxFlushes && this.#flushingBytes + open.bytes <= maxParallelBytes;
  }

  #due(open: B): BatchTrigger | undefined {
    if (open.rows === 0) return undefined;
    const next = this.#waiting[0];
    if (open.bytes >= this.#config.maxBytes) return "bytes";
    if (open.rows >= this.#config.maxRows || next !== undefined) return "rows";
    if (this.#deps.clock.now() >= this.#dueAtMs()) return "age";
    return this.#draining ? "drain" : undefined;
  }

  /** When the open batch, which is not empty, is due by age; Unix ms. */
  #dueAtMs(): number {
    const age = batchAgeMs(this.#meanFlushMs, this.#config);
    return (this.#openSinceMs ?? 0) + (this.#isBulk() ? Math.max(age, this.#config.bulkAgeMs) : age);
  }

  /** Whether enough messages are still to be fetched that the open batch is better filled than flushed. */
  #isBulk(): boolean {
    if (this.#draining || !this.hasRoom()) return false;
    const unread = (this.#deps.lag?.() ?? 0) - this.#flushingRows - (this.#open?.rows ?? 0);
    return unread >= this.#config.maxRows * BULK_SHARE;
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    if (this.#openSinceMs === undefined) return;
    const waitMs = this.#dueAtMs() - this.#deps.clock.now();
    // What is due and may not be flushed yet is looked at again at the end of a flush.
    if (waitMs <= 0 && this.#flushes > 0) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, Math.min(waitMs, this.#isBulk() ? BULK_LOOK_MS : waitMs)));
  }

  async #run(batch: B, occasion: FlushOccasion): Promise<void> {
    const { clock, flush } = this.#deps;
    const { bytes, rows } = batch;
    this.#flushes++;
    this.#flushingBytes += bytes;
    this.#flushingRows += rows;
    const began = clock.now();
    try {
      await flush(batch, occasion);
    } catch (error) {
      this.#fail(error);
    }
    batch.reset();
    // The one that is used next, so that a batch that is not needed has no memory.
    this.#free.splice(this.#openSinceMs === undefined ? 0 : 1, 0, batch);
    this.#flushes--;
    this.#flushingBytes -= bytes;
    this.#flushingRows -= rows;
    this.#meanFlushMs += SMOOTHING * (clock.now() - began - this.#meanFlushMs);
    this.#pump();
    this.#notify();
  }

  #notify(): void {
    if (this.hasRoom()) for (const resolve of this.#roomWaiters.splice(0)) resolve();
    const idle = this.#openSinceMs === undefined && this.#waiting.length === 0 && this.#flushes === 0;
    if (idle) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}
