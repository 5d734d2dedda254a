/** When to give up and how often to look. */
export interface WaitOptions {
  /** Deadline in ms, counted from the call; default 30 000. */
  readonly timeoutMs?: number;
  /** Pause between two looks in ms; default 50. */
  readonly intervalMs?: number;
  /** What is waited for; appears in the error. A function is asked at the end, to show the last state. */
  readonly describe?: string | (() => string);
}

/** The condition did not become true before the deadline. */
export class WaitTimeoutError extends Error {
  readonly code = "wait_timeout";
  readonly retry = false;
}

/**
 * Looks at a condition until it yields something other than false, null or undefined, and returns that.
 * @throws {WaitTimeoutError} at the deadline; whatever the condition itself throws is passed on at once.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 30_000, intervalMs = 50, describe = "a condition" } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value as Exclude<T, false | null | undefined>;
    if (performance.now() >= deadline) {
      const what = typeof describe === "function" ? describe() : describe;
      throw new WaitTimeoutError(`timed out after ${timeoutMs} ms waiting for ${what}`);
    }
    await Bun.sleep(intervalMs);
  }
}
