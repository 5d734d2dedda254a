import type { Outgoing } from "../send/outgoing.ts";

/** Where a source puts its messages. */
export type Sink = {
  /** Takes a message, or refuses it when the buffer is full. */
  offer(message: Outgoing): boolean;
  /** Resolves when there is room again. */
  room(): Promise<void>;
};

/** Produces messages until it is exhausted or `signal` aborts; then it resolves. */
export type RunSource = (sink: Sink, signal: AbortSignal) => Promise<void>;

/** Puts a message into the sink as soon as there is room; false when the signal came first. */
export async function put(sink: Sink, message: Outgoing, signal: AbortSignal): Promise<boolean> {
  while (!sink.offer(message)) {
    if (signal.aborted) return false;
    await sink.room();
    if (signal.aborted) return false;
  }
  return true;
}
