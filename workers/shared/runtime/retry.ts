import pRetry from "p-retry";
import { AppError } from "./errors.ts";

export type RetryOptions = {
  /** First delay, ms. Doubles up to `maxMs`, each time multiplied by a random factor between 1 and 2. */
  minMs: number;
  maxMs: number;
  /** Stops waiting and retrying; the pending call rejects with the abort reason. */
  signal?: AbortSignal;
  /** Number of retries after the first attempt; default: for as long as it takes. */
  retries?: number;
  /** Called before each wait, with the error and the number of the attempt that failed (1 = first). */
  onRetry?: (error: Error, attempt: number) => void;
};

/**
 * Calls `operation` until it succeeds. Errors that say `retry: false` are thrown at once, as is anything that is not
 * an AppError: an unknown exception is a bug and must crash, not loop.
 */
export function retryWithBackoff<T>(operation: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  return pRetry(operation, {
    retries: options.retries ?? Number.POSITIVE_INFINITY,
    minTimeout: options.minMs,
    maxTimeout: options.maxMs,
    factor: 2,
    randomize: true,
    ...(options.signal ? { signal: options.signal } : {}),
    shouldRetry: ({ error }) => error instanceof AppError && error.retry,
    onFailedAttempt: ({ error, attemptNumber, retriesLeft }) => {
      if (retriesLeft > 0 && error instanceof AppError && error.retry) options.onRetry?.(error, attemptNumber);
    },
  });
}
