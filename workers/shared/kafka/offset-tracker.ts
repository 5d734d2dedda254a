/** One stretch of offsets handed out, from {@link OffsetTracker.track}; opaque to its holder. */
export type OffsetTicket = { readonly nextOffset: number; done: boolean };

/**
 * Follows which offsets of one partition are finished. Stretches are handed out in order and may be finished in any
 * order; only what is finished without a hole from the start may be committed, because a committed offset says that
 * everything before it is done.
 */
export class OffsetTracker {
  #pending: OffsetTicket[] = [];
  #handedOut: number;
  #committable: number;

  /** @param nextOffset where consumption starts: everything before it counts as finished. */
  constructor(nextOffset: number) {
    this.#handedOut = nextOffset;
    this.#committable = nextOffset;
  }

  /** The offset after the last one handed out. */
  get handedOut(): number {
    return this.#handedOut;
  }

  /** The offset that may be committed: all before it are finished. Never decreases. */
  get committable(): number {
    return this.#committable;
  }

  /**
   * Hands out the stretch that ends before `nextOffset`.
   * @throws RangeError when it does not lie behind the stretch handed out last.
   */
  track(nextOffset: number): OffsetTicket {
    if (nextOffset <= this.#handedOut) {
      throw new RangeError(`offset ${nextOffset} was already handed out (up to ${this.#handedOut})`);
    }
    const ticket = { nextOffset, done: false };
    this.#handedOut = nextOffset;
    this.#pending.push(ticket);
    return ticket;
  }

  /** Holds back what is handed out from now on until {@link complete}: something must be durable first. */
  hold(): OffsetTicket {
    const ticket = { nextOffset: this.#handedOut, done: false };
    this.#pending.push(ticket);
    return ticket;
  }

  /** Marks a stretch as finished. Doing it twice changes nothing. */
  complete(ticket: OffsetTicket): void {
    ticket.done = true;
    let finished = 0;
    for (const pending of this.#pending) {
      if (!pending.done) break;
      this.#committable = pending.nextOffset;
      finished++;
    }
    if (finished > 0) this.#pending = this.#pending.slice(finished);
  }
}
