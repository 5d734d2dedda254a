import { type PartitionRange, readTopic } from "../../shared/kafka/topic-reader.ts";
import type { Services } from "./services.ts";

/**
 * Append time (Unix ms) of the first message a topic still holds; 0 for an empty topic. What the store holds from before
 * belongs to messages that are gone, or to an earlier topic of the same name.
 */
export async function firstAppendTime(
  services: Services,
  topic: string,
  ranges: readonly PartitionRange[],
): Promise<number> {
  let first = Number.POSITIVE_INFINITY;
  await readTopic(services, {
    topic,
    ranges: ranges.map(({ partition, from, end }) => ({ partition, from, end: Math.min(end, from + 1) })),
    groupPrefix: "ops-first-message",
    stallMs: 30_000,
    signal: services.io.signal,
    onMessages: (_, messages) => {
      for (const message of messages) first = Math.min(first, Number(message.timestamp));
    },
  });
  return Number.isFinite(first) ? first : 0;
}
