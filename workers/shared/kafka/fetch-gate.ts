import type { Consumer } from "kafkajs";
import { errorFields } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import { sleep } from "../runtime/sleep.ts";
import { toKafkaError } from "./errors.ts";
import type { GroupObserver, RunSink } from "./group-types.ts";

/** How long a full buffer may hold up fetching before the partitions are paused, ms; well below any heartbeat interval. */
const ROOM_WAIT_MS = 500;

export type FetchGateDeps = {
  topic: string;
  consumer: Pick<Consumer, "pause" | "resume">;
  sink: RunSink;
  observer: GroupObserver;
  logger: Logger;
};

/** Decides whether the client may fetch: not before an assignment is in place, not while the sink is full, not after a stop. */
export class FetchGate {
  readonly #deps: FetchGateDeps;
  /** Whether each partition that was opened is paused. */
  #paused = new Map<number, boolean>();
  #assignment = 0;
  #waitingForRoom = false;
  #closed = false;

  constructor(deps: FetchGateDeps) {
    this.#deps = deps;
  }

  /** A new assignment: paused until {@link open}. */
  assign(partitions: readonly number[]): void {
    this.clear();
    this.#waitingForRoom = false;
    if (partitions.length > 0) this.#setPaused(true, partitions);
  }

  /** The assignment is in place: fetches it, unless something else is in the way. */
  open(partitions: Iterable<number>): void {
    this.#paused = new Map(Array.from(partitions, (partition) => [partition, true]));
    this.#apply();
  }

  /** The assignment is gone, and with it all pauses. */
  clear(): void {
    this.#assignment++;
    this.#paused = new Map();
  }

  /** No more fetches, whatever is assigned later. */
  close(): void {
    this.#closed = true;
    this.#apply();
  }

  /** Holds up the client's loop for a moment; if the sink stays full, pauses the partitions and lets the loop go round. */
  async waitForRoom(): Promise<void> {
    const { sink, observer } = this.#deps;
    if (sink.hasRoom() || this.#waitingForRoom) return;
    const waited = new AbortController();
    await Promise.race([sink.whenRoom(), sleep(ROOM_WAIT_MS, waited.signal)]);
    waited.abort();
    if (sink.hasRoom() || this.#waitingForRoom || this.#closed) return;
    this.#waitingForRoom = true;
    const assignment = this.#assignment;
    observer.onPaused?.(true);
    this.#apply();
    void sink.whenRoom().then(() => {
      observer.onPaused?.(false);
      if (assignment !== this.#assignment) return;
      this.#waitingForRoom = false;
      this.#apply();
    });
  }

  #apply(): void {
    const wanted = this.#closed || this.#waitingForRoom;
    const changed = [...this.#paused].filter(([, paused]) => paused !== wanted).map(([partition]) => partition);
    if (changed.length === 0) return;
    for (const partition of changed) this.#paused.set(partition, wanted);
    this.#setPaused(wanted, changed);
  }

  #setPaused(paused: boolean, partitions: readonly number[]): void {
    const { topic, consumer, logger } = this.#deps;
    const change = [{ topic, partitions: [...partitions] }];
    try {
      if (paused) consumer.pause(change);
      else consumer.resume(change);
    } catch (error) {
      // The client has stopped by itself and will join again, which sets all pauses anew.
      logger.debug(errorFields(toKafkaError(error)), "pause not changed");
    }
  }
}
