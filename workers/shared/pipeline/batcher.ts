/** When a batch is complete. Whichever limit is reached first. */
export type BatchLimits = { maxRows: number; maxBytes: number; maxAgeMs: number };

/** Why a batch was taken; `drain` empties the buffer before a stop. */
export type BatchTrigger = "rows" | "bytes" | "age" | "drain";

/** Items taken together, oldest first. */
export type Batch<T> = {
  items: T[];
  rows: number;
  bytes: number;
  /** Age of the oldest item when the batch was taken, ms. */
  ageMs: number;
  trigger: BatchTrigger;
};

type Entry<T> = { item: T; rows: number; bytes: number; addedMs: number };

/**
 * Collects items, each of some rows and bytes, in order of arrival and says when a batch is due. An item is never split,
 * so a batch may exceed the limit of bytes by one item; that of rows it exceeds only if a single item does. Keeps no timer: the caller passes the time and asks again.
 */
export class Batcher<T> {
  readonly #limits: BatchLimits;
  #entries: Entry<T>[] = [];
  #rows = 0;
  #bytes = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Rows waiting. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  add(item: T, size: { rows: number; bytes: number }, nowMs: number): void {
    this.#entries.push({ item, rows: size.rows, bytes: size.bytes, addedMs: nowMs });
    this.#rows += size.rows;
    this.#bytes += size.bytes;
  }

  /** The reason to take a batch now; undefined when there is none. `maxAgeMs` may lower the limit of age. */
  due(nowMs: number, maxAgeMs = this.#limits.maxAgeMs): BatchTrigger | undefined {
    if (this.#rows >= this.#limits.maxRows) return "rows";
    if (this.#bytes >= this.#limits.maxBytes) return "bytes";
    const oldest = this.#entries[0];
    return oldest !== undefined && nowMs - oldest.addedMs >= maxAgeMs ? "age" : undefined;
  }

  /** When the oldest item will be due by age, in the caller's time; undefined when nothing waits. */
  dueByAgeAtMs(maxAgeMs = this.#limits.maxAgeMs): number | undefined {
    const oldest = this.#entries[0];
    return oldest === undefined ? undefined : oldest.addedMs + maxAgeMs;
  }

  /** Takes the oldest items up to the first limit reached; undefined when nothing waits. */
  take(trigger: BatchTrigger, nowMs: number): Batch<T> | undefined {
    const oldest = this.#entries[0];
    if (oldest === undefined) return undefined;
    const batch: Batch<T> = { items: [], rows: 0, bytes: 0, ageMs: nowMs - oldest.addedMs, trigger };
    let taken = 0;
    for (const entry of this.#entries) {
      if (taken > 0 && batch.rows + entry.rows > this.#limits.maxRows) break;
      batch.items.push(entry.item);
      batch.rows += entry.rows;
      batch.bytes += entry.bytes;
      taken++;
      if (batch.rows >= this.#limits.maxRows || batch.bytes >= this.#limits.maxBytes) break;
    }
    this.#entries = this.#entries.slice(taken);
    this.#rows -= batch.rows;
    this.#bytes -= batch.bytes;
    return batch;
  }

  /** Forgets everything that waits. Returns how many rows that was. */
  clear(): number {
    const rows = this.#rows;
    this.#entries = [];
    this.#rows = 0;
    this.#bytes = 0;
    return rows;
  }
}
