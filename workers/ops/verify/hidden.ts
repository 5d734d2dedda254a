import { fetchTopicRanges, type PartitionRange, type TopicRange } from "../../shared/kafka/topic-reader.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { Services } from "../cli/services.ts";
import { formatCount, formatTime } from "../cli/table.ts";

/** Acknowledged messages that nobody may read yet: a transaction that is open lies before them. */
export type Hidden = {
  partition: number;
  /** Offsets from the stable offset up to the end. */
  messages: number;
  /** Append time of the transaction's first message, Unix ms; undefined when it could not be read. */
  sinceMs: number | undefined;
};

/** Most transactions end within this time, ms; one that does not is reported instead of waited for. */
const PATIENCE_MS = 10_000;
const POLL_MS = 200;
/** How far from the end of a partition markers are looked for. */
const TAIL = 100;

/**
 * What of a topic's ranges can be read, at the latest at the deadline (ms of the clock): each up to its last message, since
 * nobody need commit a marker behind it. `hidden` is what a transaction that is still open withholds.
 */
export async function readableRanges(
  services: Services,
  topic: string,
  snapshot: readonly TopicRange[],
  deadlineMs: number,
): Promise<{ ranges: PartitionRange[]; hidden: Hidden[] }> {
  const { admin, io } = services;
  const untilMs = Math.min(deadlineMs, io.clock.now() + PATIENCE_MS);
  let stable = new Map(snapshot.map((range) => [range.partition, range.stable]));
  const open = () => snapshot.filter(({ partition, end }) => (stable.get(partition) ?? end) < end);
  while (open().length > 0 && io.clock.now() < untilMs && !io.signal.aborted) {
    await sleep(POLL_MS, io.signal);
    stable = new Map((await fetchTopicRanges(admin, topic)).map((range) => [range.partition, range.stable]));
  }
  const ranges: PartitionRange[] = [];
  for (const { partition, from, end } of snapshot) {
    const readable = Math.min(end, stable.get(partition) ?? end);
    ranges.push({ partition, from, end: await lastMessage(services, topic, { partition, from, end: readable }) });
  }
  const hidden: Hidden[] = [];
  for (const { partition, end } of open()) {
    const from = stable.get(partition) ?? end;
    const first = await services.log.first(topic, { partition, from, end }, { uncommitted: true });
    const sinceMs = first === undefined ? undefined : Number(first.timestamp);
    hidden.push({ partition, messages: end - from, sinceMs });
  }
  return { ranges, hidden };
}

/** The offset after the last message: less than the end when markers or aborted messages follow it. */
async function lastMessage(
  { log }: Services,
  topic: string,
  { partition, from, end }: PartitionRange,
): Promise<number> {
  const tail = async (start: number) => {
    let next: number | undefined;
    await log.read(
      topic,
      { partition, from: start, end },
      {
        onMessages: (messages) => {
          next = Number(messages.at(-1)?.offset) + 1;
        },
        onGap: ({ to, kind }) => {
          if (kind !== "transaction") next = to;
        },
      },
    );
    return next;
  };
  if (from >= end) return end;
  if ((await tail(end - 1)) !== undefined) return end;
  const start = Math.max(from, end - TAIL);
  return (await tail(start)) ?? start;
}

/** One sentence a partition. */
export function describeHidden(hidden: readonly Hidden[]): string[] {
  return hidden.map(({ partition, messages, sinceMs }) => {
    const since = sinceMs === undefined ? "" : ` since ${formatTime(sinceMs)}`;
    return `partition ${partition}: ${formatCount(messages)} messages hidden by an open transaction${since}`;
  });
}

/** What to do about them. */
export const HIDDEN_ADVICE =
  "wait until the broker ends the transaction (its producer's transaction.timeout.ms), or end it with `kafka-transactions.sh abort`";
