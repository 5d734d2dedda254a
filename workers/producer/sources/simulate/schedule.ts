/** A queue ordered by time: a binary heap, so that 200,000 held-back events cost no more than a few comparisons each. */

interface Entry<T> {
  readonly atMs: number;
  /** Breaks ties: what was added first comes out first. */
  readonly order: number;
  readonly item: T;
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

export class Schedule<T> {
  readonly #heap: Entry<T>[] = [];
  #added = 0;

  /** How many items wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** The time of the earliest item, or infinity if there is none. */
  get nextAtMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Adds an item due at a time. */
  add(atMs: number, item: T): void {
    const entry: Entry<T> = { atMs, order: this.#added++, item };
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  /** Removes and answers the earliest item. */
  take(): T | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#heap.length > 0) this.#sinkFromTop(last);
    return first.item;
  }

  #sinkFromTop(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = heap[childAt];
      if (child === undefined) break;
      const right = heap[childAt + 1];
      if (right !== undefined && isBefore(right, child)) {
        childAt++;
        child = right;
      }
      if (!isBefore(child, entry)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = entry;
  }
}
