import { AppError, errorFields } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import { sleep } from "../runtime/sleep.ts";
import { toKafkaError } from "./errors.ts";

/** The next offset to read of a partition: everything before it is finished. */
export type CommittableOffset = { partition: number; offset: number };

/** Sends offsets to the broker under the generation that the client has at the time of the call. Must not retry. */
export type SendOffsets = (offsets: readonly CommittableOffset[]) => Promise<void>;

export type OffsetCommitterDeps = {
  logger: Logger;
  /** What is finished and not committed, now. */
  uncommitted: () => CommittableOffset[];
  onCommitted: (offsets: readonly CommittableOffset[]) => void;
  onFailed: (code: string) => void;
  /** Called with what is no failure of Kafka. */
  onBug: (error: unknown) => void;
  signal: AbortSignal;
};

const RETRY_MS = 500;

/**
 * Commits what is finished, one request at a time; what is finished meanwhile goes with the next.
 *
 * Open only between the moment an assignment is in place and the broker's next answer to JoinGroup. What was sent before
 * carries the old generation, so the broker refuses it if it comes late; after that nothing is sent until the offsets of
 * the old assignment are forgotten. The client's own commit call retries and would carry old offsets into a new
 * generation, therefore it is not used.
 */
export class OffsetCommitter {
  readonly #deps: OffsetCommitterDeps;
  #send: SendOffsets | undefined;
  #open = false;
  #assignment = 0;
  #running = false;

  constructor(deps: OffsetCommitterDeps) {
    this.#deps = deps;
  }

  /** A new assignment is in place. */
  open(): void {
    this.#open = true;
    this.#assignment++;
  }

  /** Nothing may be committed until {@link open}. */
  close(): void {
    this.#open = false;
    this.#send = undefined;
    this.#assignment++;
  }

  /** How to send, known with the first messages of an assignment. */
  use(send: SendOffsets): void {
    if (this.#open) this.#send = send;
  }

  /** Commits soon what is finished. */
  request(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    const { uncommitted, onCommitted, onFailed, onBug, logger, signal } = this.#deps;
    while (this.#open && this.#send !== undefined) {
      const offsets = uncommitted();
      if (offsets.length === 0) break;
      const assignment = this.#assignment;
      try {
        await this.#send(offsets);
        if (assignment === this.#assignment) onCommitted(offsets);
      } catch (error) {
        const failure = toKafkaError(error);
        if (!(failure instanceof AppError)) {
          onBug(failure);
          break;
        }
        onFailed(failure.code);
        logger.warn(errorFields(failure), "commit failed; the messages may be read again, which is harmless");
        await sleep(RETRY_MS, signal);
      }
    }
    // In the same turn as the last look at what is uncommitted: a later request must start anew.
    this.#running = false;
  }
}
