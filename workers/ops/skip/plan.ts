import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";

/** Offsets to give up, both ends included. */
export type SkipRange = { from: number; to: number };

/**
 * - `move`: the group stands within the range and goes on behind it
 * - `note`: the group is beyond it already; the range is only accounted for
 * - `refuse`: why not
 */
export type SkipPlan = { kind: "move"; target: number } | { kind: "note" } | { kind: "refuse"; reason: string };

/**
 * What skipping does to the group of one partition. It moves over the range and over nothing else: what the group has not
 * read before the range must be read first.
 * @param committed the next offset the group reads; undefined: it has never committed.
 */
export function planSkip(range: PartitionRange, committed: number | undefined, { from, to }: SkipRange): SkipPlan {
  if (to >= range.end) {
    return { kind: "refuse", reason: `partition ${range.partition} ends before offset ${range.end}` };
  }
  const next = Math.max(range.from, committed ?? range.from);
  if (next < from) {
    const unread = next === from - 1 ? `offset ${next} is` : `offsets ${next} to ${from - 1} are`;
    return { kind: "refuse", reason: `${unread} not read yet: they would be skipped with it` };
  }
  return next > to ? { kind: "note" } : { kind: "move", target: to + 1 };
}
