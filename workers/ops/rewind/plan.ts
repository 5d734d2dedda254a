import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";

/** What happens to one partition. `target` is the offset to commit; `again` counts the messages read once more. */
export type RewindStep = PartitionRange & { committed: number | undefined; target: number; again: number };

/**
 * Where each partition goes: back to the target, never forward (that would skip messages) and never before the first
 * message that exists. A partition without a commit is read from its beginning anyway, so it stays as it is.
 * @param targets first offsets wanted; a partition that is missing here goes back to its beginning.
 */
export function planRewind(
  ranges: readonly PartitionRange[],
  committed: ReadonlyMap<number, number>,
  targets: ReadonlyMap<number, number>,
): RewindStep[] {
  return ranges.map((range) => {
    const at = committed.get(range.partition);
    const wanted = Math.max(range.from, targets.get(range.partition) ?? range.from);
    const target = at === undefined ? range.from : Math.min(at, wanted);
    return {
      ...range,
      committed: at,
      target,
      again: at === undefined ? 0 : Math.max(0, at - Math.max(target, range.from)),
    };
  });
}
