/** What one look at Kafka saw: messages appended and committed in all, over all partitions. */
export type Sample = { atMs: number; appended: number; committed: number };

/** Lag that grows without a single commit for this long is no batch that takes its time, ms. */
const STUCK_AFTER_MS = 4_000;

/** What samples add up to, ms; undefined: no trouble. */
export type Waiting = {
  /** How long nothing has been committed while the lag grew. */
  stuckMs: number | undefined;
  /** How long messages have waited without a single commit, whether more of them came or not. */
  stillMs: number | undefined;
};

/**
 * Watches whether consumers get on: nothing is told while they do, or there is nothing to do. A position that goes back (a
 * rewind, a topic created anew) begins anew.
 */
export function createProgress(): (sample: Sample) => Waiting {
  let last: Sample | undefined;
  return (sample) => {
    const moved = last === undefined || sample.committed !== last.committed || sample.appended < last.appended;
    if (moved || sample.appended === sample.committed) last = sample;
    const since = last ?? sample;
    const forMs = sample.atMs - since.atMs;
    const long = forMs >= STUCK_AFTER_MS;
    return {
      stuckMs: long && sample.appended > since.appended ? forMs : undefined,
      stillMs: long && sample.appended > sample.committed ? forMs : undefined,
    };
  };
}
