import { AppError } from "../../workers/shared/runtime/errors.ts";

const PATIENCE_MS = 120_000;

/**
 * Reads again while broker or engine is down; that is no failure before the deadline (ms, of `performance.now()`; default:
 * in two minutes). @throws {AppError} behind it; anything else at once.
 */
export async function patiently<T>(read: () => Promise<T>, deadlineMs = performance.now() + PATIENCE_MS): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof AppError) || performance.now() > deadlineMs) throw error;
      await Bun.sleep(250);
    }
  }
}
