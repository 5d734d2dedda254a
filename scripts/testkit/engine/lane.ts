/** Lets at most `width` tasks run at once; the others wait in the order they came. */
export class Lane {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(readonly width: number) {}

  /** Runs a task when there is room for it. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.width) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      // The place is handed on rather than freed, so that a newcomer cannot slip in before the first in the queue.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
