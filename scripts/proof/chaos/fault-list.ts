/** The faults of a run: what was injected, and how often. */
export class FaultList {
  readonly #counts = new Map<string, number>();

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  clear(): void {
    this.#counts.clear();
  }

  /** `SIGKILL consumer ×3, broker restarted`. */
  toString(): string {
    return [...this.#counts].map(([what, count]) => (count === 1 ? what : `${what} ×${count}`)).join(", ");
  }
}
