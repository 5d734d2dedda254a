import type { Clock } from "../../../shared/runtime/clock.ts";

/**
 * A token bucket per client. `take` answers 0 when the events may pass, otherwise the seconds to wait. A batch may take more
 * than is left, and the debt delays what follows: so a batch larger than the bucket passes at some time.
 */
export type RateLimit = { take(client: string | number, events: number): number };

const BURST_SECONDS = 10;

/** `ratePerSecond` 0 means no limit. Clients are API keys, so their number is bounded. */
export function createRateLimit(config: { ratePerSecond: number }, clock: Clock): RateLimit {
  const { ratePerSecond } = config;
  if (ratePerSecond === 0) return { take: () => 0 };
  const capacity = ratePerSecond * BURST_SECONDS;
  const buckets = new Map<string | number, { tokens: number; atMs: number }>();
  return {
    take(client, events) {
      const now = clock.now();
      const bucket = buckets.get(client) ?? { tokens: capacity, atMs: now };
      buckets.set(client, bucket);
      bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.atMs) * ratePerSecond) / 1000);
      bucket.atMs = now;
      if (bucket.tokens <= 0) return Math.max(1, Math.ceil(-bucket.tokens / ratePerSecond));
      bucket.tokens -= events;
      return 0;
    },
  };
}
