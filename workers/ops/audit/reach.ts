import type { Gap } from "../../shared/kafka/fetched-records.ts";
import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";

/** Which messages the audit has read, and which it could not. */

/**
 * - `read`: the audit has read what lay at that offset
 * - `gone`: the topic does not hold it any more (retention), or it is of an earlier topic of the same name
 * - `compacted`: compaction has removed it from the topic
 * - `newer`: appended after the audit's end
 * - `impossible`: the topic has never reached that offset
 */
export type Reach = "read" | "gone" | "compacted" | "newer" | "impossible";

export type ReachOptions = {
  ranges: readonly PartitionRange[];
  /** Ends of the partitions, taken after the store was read. */
  endsAfter: ReadonlyMap<number, number>;
  /** What could not be read within the ranges. */
  gaps?: ReadonlyMap<number, readonly Gap[]>;
  /** Append time of the first message that was read, Unix ms. */
  firstAppendMs: number;
};

/** Says for a stored position whether the audit can judge it. */
export function createReach(options: ReachOptions): (partition: number, offset: number, appendMs: number) => Reach {
  const ranges = new Map(options.ranges.map((range) => [range.partition, range]));
  return (partition, offset, appendMs) => {
    if (appendMs < options.firstAppendMs) return "gone";
    const range = ranges.get(partition);
    if (range === undefined) return "impossible";
    if (offset < range.from) return "gone";
    if (offset < range.end) {
      const gap = options.gaps?.get(partition)?.find(({ from, to }) => offset >= from && offset < to);
      // Of a transaction that was aborted nothing may be stored.
      if (gap === undefined || gap.kind === "transaction") return "read";
      return gap.kind === "compacted" ? "compacted" : "gone";
    }
    return offset < (options.endsAfter.get(partition) ?? range.end) ? "newer" : "impossible";
  };
}
