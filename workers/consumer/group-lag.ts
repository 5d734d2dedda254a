/** How many messages of the own partitions are not committed yet, as their last fetches told. */
export class GroupLag {
  readonly #messages = new Map<number, number>();

  get total(): number {
    let total = 0;
    for (const messages of this.#messages.values()) total += messages;
    return total;
  }

  set(partition: number, messages: number): void {
    this.#messages.set(partition, Math.max(0, messages));
  }

  /** The partitions are others now. */
  clear(): void {
    this.#messages.clear();
  }
}
