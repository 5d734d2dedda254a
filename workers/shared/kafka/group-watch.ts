import type { Admin } from "kafkajs";
import type { Clock } from "../runtime/clock.ts";
import { errorFields } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import { sleep } from "../runtime/sleep.ts";
import { toKafkaError } from "./errors.ts";
import { fetchRecordedOffsets } from "./group-client.ts";
import { describeGroup, partitionsRead } from "./group-members.ts";
import { fetchTopicRanges } from "./topic-reader.ts";

const INTERVAL_MS = 5_000;
/** A partition without a reader for this long is named, ms: longer than a rebalance may take. */
const UNREAD_AFTER_MS = 60_000;

export type GroupWatchDeps = {
  admin: Admin;
  clock: Clock;
  logger: Logger;
  /** The offset this member has committed of a partition it holds; undefined for all others. */
  ownCommitted: (partition: number) => number | undefined;
  /** Messages that may be read and are not committed. */
  onLag: (partition: number, messages: number) => void;
  /** What an open transaction hides behind the stable offset. */
  onHidden: (partition: number, messages: number, stable: number) => void;
};

/**
 * Looks at a group from outside: how far every partition of the topic is behind, whoever reads it, and which partitions
 * nobody reads. Fetches tell this only of own partitions and only while messages arrive.
 */
export class GroupWatch {
  readonly #group: { groupId: string; topic: string };
  readonly #deps: GroupWatchDeps;
  /** Since when each partition has had no reader, Unix ms. */
  #unreadSinceMs = new Map<number, number>();

  constructor(group: { groupId: string; topic: string }, deps: GroupWatchDeps) {
    this.#group = group;
    this.#deps = deps;
  }

  /** Partitions that no member of the group has read for a minute, ascending. */
  get unread(): number[] {
    const beforeMs = this.#deps.clock.now() - UNREAD_AFTER_MS;
    const long = [...this.#unreadSinceMs].filter(([, sinceMs]) => sinceMs <= beforeMs);
    return long.map(([partition]) => partition).sort((a, b) => a - b);
  }

  /** Looks every few seconds until the signal aborts. What cannot be asked for leaves things as they were. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.look();
      } catch (error) {
        this.#deps.logger.debug(errorFields(toKafkaError(error)), "cannot look at the group");
      }
      await sleep(INTERVAL_MS, signal);
    }
  }

  /** One look. @throws AppError `KAFKA_…`. */
  async look(): Promise<void> {
    const { admin, onLag, onHidden, ownCommitted } = this.#deps;
    const { groupId, topic } = this.#group;
    // Committed offsets first: read after the ends they could be beyond them.
    const recorded = await fetchRecordedOffsets(admin, groupId, topic);
    const ranges = await fetchTopicRanges(admin, topic);
    for (const { partition, from, end, stable } of ranges) {
      const committed = ownCommitted(partition) ?? Math.max(from, recorded.get(partition) ?? -1);
      onLag(partition, Math.max(0, stable - committed));
      onHidden(partition, end - stable, stable);
    }
    const group = await describeGroup(admin, groupId);
    const read = group.state === "Stable" ? partitionsRead(group, topic) : new Set<number>();
    const now = this.#deps.clock.now();
    const unread = ranges.filter(({ partition }) => !read.has(partition));
    this.#unreadSinceMs = new Map(
      unread.map(({ partition }) => [partition, this.#unreadSinceMs.get(partition) ?? now]),
    );
  }
}
