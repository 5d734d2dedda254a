/** Delays between attempts: they double from `minMs` up to `maxMs`, each shortened by a random part of up to half. */
export type Backoff = {
  /** The delay before the next attempt, ms. */
  next(): number;
  /** Back to the shortest delay, after a success. */
  reset(): void;
};

/** @param random numbers in [0, 1), injected so that tests decide. */
export function createBackoff(limits: { minMs: number; maxMs: number }, random: () => number = Math.random): Backoff {
  let ceiling = limits.minMs;
  return {
    next() {
      const delay = ceiling * (1 - random() / 2);
      ceiling = Math.min(ceiling * 2, limits.maxMs);
      return delay;
    },
    reset() {
      ceiling = limits.minMs;
    },
  };
}
