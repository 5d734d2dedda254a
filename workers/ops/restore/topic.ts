import type { Admin } from "../../shared/kafka/client.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { fetchTopicRanges } from "../../shared/kafka/topic-reader.ts";
import type { Services } from "../cli/services.ts";
import { planRewind, type RewindStep } from "../rewind/plan.ts";
import { committedOffsets } from "../verify/catch-up.ts";

/** A group of the consumers that has to read its topic from the beginning again. */
export type GroupPlan = { group: string; topic: string; members: number; steps: RewindStep[]; messages: number };

/** The events, and the ledger: a lost store has lost what producers declared as well. */
export async function planGroups(services: Pick<Services, "admin" | "config" | "io">): Promise<GroupPlan[]> {
  const { admin, config } = services;
  const targets = [
    { group: config.KAFKA_GROUP_ID, topic: config.KAFKA_EVENTS_TOPIC },
    { group: config.KAFKA_LEDGER_GROUP_ID, topic: config.KAFKA_LEDGER_TOPIC },
  ];
  return Promise.all(
    targets.map(async ({ group, topic }) => {
      const ranges = await fetchTopicRanges(admin, topic);
      const steps = planRewind(ranges, await committedOffsets(services, { group, topic }), new Map());
      const { groups } = await kafkaCall(() => admin.describeGroups([group]));
      const messages = steps.reduce((sum, { again }) => sum + again, 0);
      return { group, topic, steps, messages, members: groups[0]?.members.length ?? 0 };
    }),
  );
}

/** Sets the groups back to the first messages that exist. */
export async function rewindGroups(admin: Admin, plans: readonly GroupPlan[]): Promise<void> {
  for (const { group: groupId, topic, steps } of plans) {
    const partitions = steps
      .filter(({ again }) => again > 0)
      .map(({ partition, target }) => ({ partition, offset: String(target) }));
    if (partitions.length > 0) await kafkaCall(() => admin.setOffsets({ groupId, topic, partitions }));
  }
}
