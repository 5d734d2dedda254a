import type { TopicRange } from "../../shared/kafka/topic-reader.ts";

/**
 * Follows a group from look to look. Told what a topic held at a time (Unix ms) and what the group has committed, it answers
 * since when nothing is left: everything that Kafka had at that time is committed. Undefined: not known yet.
 */
export type CaughtUp = (
  atMs: number,
  ranges: readonly TopicRange[],
  committedTo: (range: TopicRange) => number,
) => number | undefined;

export function createCaughtUp(): CaughtUp {
  /** Ends of an earlier look that the group has yet to commit. */
  let mark: { atMs: number; ends: ReadonlyMap<number, number> } | undefined;
  let caughtUpMs: number | undefined;
  return (atMs, ranges, committedTo) => {
    const endOf = ({ partition }: TopicRange) => mark?.ends.get(partition) ?? 0;
    // A topic that ends before it did was created anew: these ends will never be committed.
    if (ranges.some((range) => range.stable < endOf(range))) mark = undefined;
    if (mark !== undefined && ranges.every((range) => committedTo(range) >= endOf(range))) {
      caughtUpMs = mark.atMs;
      mark = undefined;
    }
    mark ??= { atMs, ends: new Map(ranges.map(({ partition, stable }) => [partition, stable])) };
    return caughtUpMs;
  };
}
