/** What one look at Kafka saw: messages appended and committed in all, over all partitions. */
export type Sample = { atMs: number; appended: number; committed: number };

/** Lag that grows without a single commit for this long is no batch that takes its time, ms. */
const STUCK_AFTER_MS = 4_000;

/**
 * Watches whether consumers get on. Answers how long nothing has been committed while the lag grew, ms; undefined: they get
 * on, or there is nothing to do. A position that goes back (a rewind, a topic created anew) begins anew.
 */
export function createProgress(): (sample: Sample) => number | undefined {
  let last: Sample | undefined;
  return (sample) => {
    const moved = last === undefined || sample.committed !== last.committed || sample.appended < last.appended;
    if (moved || sample.appended === sample.committed) last = sample;
    const since = last ?? sample;
    const forMs = sample.atMs - since.atMs;
    return sample.appended > since.appended && forMs >= STUCK_AFTER_MS ? forMs : undefined;
  };
}
