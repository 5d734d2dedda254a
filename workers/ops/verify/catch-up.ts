import { isCoordinatorMoving } from "../../shared/kafka/errors.ts";
import { fetchCommittedOffsets, type PartitionRange } from "../../shared/kafka/topic-reader.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { Services } from "../cli/services.ts";
import { formatCount } from "../cli/table.ts";

/** A consumer group and the offsets it must have committed. */
export type Target = { group: string; topic: string; ranges: readonly PartitionRange[] };

/** What a group has not committed yet. `committed` is undefined where it never committed anything. */
export type Behind = { group: string; topic: string; partition: number; committed: number | undefined; end: number };

/** Partitions whose committed offset has not reached the end of the range; empty partitions need no commit. */
export function behindOf(target: Target, committed: ReadonlyMap<number, number>): Behind[] {
  return target.ranges.flatMap(({ partition, from, end }) => {
    const at = committed.get(partition);
    if (from >= end || (at !== undefined && at >= end)) return [];
    return [{ group: target.group, topic: target.topic, partition, committed: at, end }];
  });
}

/** Waits until every target is reached or the deadline (ms of the injected clock) has passed; answers what is behind. */
export async function waitForGroups(
  services: Services,
  targets: readonly Target[],
  deadlineMs: number,
): Promise<Behind[]> {
  const { io } = services;
  let lastReportMs = io.clock.now();
  for (;;) {
    const behind: Behind[] = [];
    for (const target of targets) {
      behind.push(...behindOf(target, await committedOffsets(services, target)));
    }
    if (behind.length === 0 || io.clock.now() >= deadlineMs || io.signal.aborted) return behind;
    if (io.clock.now() - lastReportMs >= 1_000) {
      lastReportMs = io.clock.now();
      io.progress(`waiting: ${describeBehind(behind)}`);
    }
    await sleep(200, io.signal);
  }
}

/** The brokers choose a coordinator within seconds, ms. */
const COORDINATOR_PATIENCE_MS = 15_000;

/**
 * What a group has committed. Before its first commit, and while brokers restart, its coordinator may not be settled yet: that
 * says nothing about the group and is waited for. @throws AppError when it goes on.
 */
export async function committedOffsets(
  { admin, io }: Pick<Services, "admin" | "io">,
  { group, topic }: Pick<Target, "group" | "topic">,
): Promise<Map<number, number>> {
  const untilMs = io.clock.now() + COORDINATOR_PATIENCE_MS;
  for (;;) {
    try {
      return await fetchCommittedOffsets(admin, group, topic);
    } catch (error) {
      if (!isCoordinatorMoving(error) || io.clock.now() >= untilMs || io.signal.aborted) throw error;
      io.progress(`waiting for the coordinator of group ${group}: ${error.message}`);
      await sleep(500, io.signal);
    }
  }
}

/** One line: how many messages each group has still to commit. */
export function describeBehind(behind: readonly Behind[]): string {
  const byGroup = new Map<string, { messages: number; partitions: number[] }>();
  for (const { group, topic, partition, committed, end } of behind) {
    const name = `group ${group} on ${topic}`;
    const entry = byGroup.get(name) ?? { messages: 0, partitions: [] };
    byGroup.set(name, entry);
    entry.messages += end - (committed ?? 0);
    entry.partitions.push(partition);
  }
  return [...byGroup]
    .map(([name, { messages, partitions }]) => {
      return `${name} is ${formatCount(messages)} messages behind (partitions ${partitions.join(", ")})`;
    })
    .join("; ");
}
