import { toKafkaError } from "../../shared/kafka/errors.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { CliIo } from "./io.ts";

/** How long a command that was interrupted may take to end by itself, ms: a statement that has begun, temporary files. */
const GRACE_MS = 3_000;

/** @throws AppError `ABORTED`. To be called before a result is reported that an interruption may have cut short. */
export function throwIfInterrupted({ signal }: Pick<CliIo, "signal">): void {
  if (signal.aborted) throw interrupted();
}

/**
 * Runs a command; when it is interrupted and does not end within {@link GRACE_MS}, the command is given up.
 * Whatever fails in consequence of the interruption is the interruption.
 * @throws AppError `ABORTED`, or what `run` throws.
 */
export async function orInterrupted<T>(io: Pick<CliIo, "signal">, run: () => Promise<T>): Promise<T> {
  const { signal } = io;
  const over = new AbortController();
  try {
    return await Promise.race([run(), givenUp(signal, over.signal)]);
  } catch (error) {
    throw signal.aborted && isConsequence(error, signal) ? interrupted() : error;
  } finally {
    over.abort();
  }
}

/** Waits for what leaves nothing half done; rejects at once when interrupted. @throws AppError `ABORTED`, or as `pending`. */
export async function unlessInterrupted<T>({ signal }: Pick<CliIo, "signal">, pending: Promise<T>): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([pending, onAbort(signal, over.signal)]);
  } finally {
    over.abort();
  }
}

async function onAbort(signal: AbortSignal, over: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true, signal: over });
  });
  throw interrupted();
}

const interrupted = () => new AppError("ABORTED", "interrupted", { retry: false });

/** Rejects when the grace after the interruption is over; never, once the command is. */
async function givenUp(signal: AbortSignal, over: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await sleep(GRACE_MS, over);
  if (over.aborted) return new Promise<never>(() => undefined);
  throw interrupted();
}

/** An error of Kafka or ClickHouse, or the signal's own reason; an unknown exception stays a bug. */
function isConsequence(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason || toKafkaError(error) instanceof AppError) return true;
  return error instanceof Error && error.name === "AbortError";
}
