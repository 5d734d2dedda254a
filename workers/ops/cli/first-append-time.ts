import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";
import { findClientTimes } from "../../shared/kafka/topic-time.ts";
import type { Services } from "./services.ts";

/** How far the first message of a partition is looked for: behind markers and what compaction has removed. */
const LOOK_AHEAD = 10_000;

/**
 * Append time (Unix ms) of the first message a topic still holds; 0 for an empty topic. What the store holds from before
 * belongs to messages that are gone, or to an earlier topic of the same name.
 */
export async function firstAppendTime(
  { log }: Pick<Services, "log">,
  topic: string,
  ranges: readonly PartitionRange[],
): Promise<number> {
  let first = Number.POSITIVE_INFINITY;
  for (const { partition, from, end } of ranges) {
    const message = await log.first(topic, { partition, from, end: Math.min(end, from + LOOK_AHEAD) });
    if (message === undefined) continue;
    // A time that a client wrote says nothing about when the topic began.
    if (findClientTimes([message]) !== undefined) return 0;
    first = Math.min(first, Number(message.timestamp));
  }
  return Number.isFinite(first) ? first : 0;
}
