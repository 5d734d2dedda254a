/**
 * Why offsets were skipped or read again.
 * - `retention`: the topic deleted messages before the group had read them.
 * - `truncated`: the log ends before the group's position: the topic was created anew or lost its end.
 * - `reset`: the group's position is gone (the client reset it, or the topic was created anew).
 * - `hole`: the log itself has no message under these offsets (compaction, transaction markers).
 */
export type GapReason = "retention" | "truncated" | "reset" | "hole";

/** Offsets [from, to) that will never be delivered; empty when their extent is unknown. */
export type OffsetGap = { partition: number; reason: GapReason; from: number; to: number };

/** What is known of a partition when it is assigned. Offsets as Kafka gives them: `committed` is negative for none. */
export type StartFacts = {
  partition: number;
  /** The group's committed offset: the next one to read. -1: none. -2 or less: the client reset it. */
  committed: number;
  /** First offset that exists, and the offset that the next message will get. */
  low: number;
  high: number;
  /** The offset this process committed last for the partition, if it ever did. */
  remembered: number | undefined;
};

/** Where to start reading, and what was lost before that. */
export function resolveStartOffset(facts: StartFacts): { start: number; gap: OffsetGap | undefined } {
  const { partition, committed, low, high, remembered } = facts;
  if (committed < 0) {
    // Without any memory this is a new group: what retention deleted before it existed is not lost by it.
    if (committed === -1 && remembered === undefined) return { start: low, gap: undefined };
    const from = remembered === undefined ? low : Math.min(remembered, low);
    return { start: low, gap: { partition, reason: "reset", from, to: low } };
  }
  if (committed < low) return { start: low, gap: { partition, reason: "retention", from: committed, to: low } };
  if (committed > high) return { start: low, gap: { partition, reason: "truncated", from: high, to: committed } };
  return { start: committed, gap: undefined };
}

export type JumpVerdict =
  /** Continue with the batch; the gap is real. */
  | { kind: "accept"; gap: OffsetGap }
  /** The messages between exist: do not take the batch, read from the expected offset again. */
  | { kind: "reread" };

/**
 * Judges a batch that does not start where the last one ended.
 * @param facts `low`: first offset that exists now. `reread`: true when reading again from `expected` led here again.
 */
export function resolveJump(facts: {
  partition: number;
  expected: number;
  first: number;
  low: number;
  reread: boolean;
}): JumpVerdict {
  const { partition, expected, first, low, reread } = facts;
  if (first < expected) return { kind: "accept", gap: { partition, reason: "truncated", from: first, to: expected } };
  if (low > expected) return { kind: "accept", gap: { partition, reason: "retention", from: expected, to: first } };
  // Also a batch that was requested before a rebalance and arrives after it looks like this.
  if (!reread) return { kind: "reread" };
  return { kind: "accept", gap: { partition, reason: "hole", from: expected, to: first } };
}
