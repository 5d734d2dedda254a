import type { Admin } from "../../shared/kafka/client.ts";
import { describeGroup } from "../../shared/kafka/group-members.ts";
import { fetchTopicRanges } from "../../shared/kafka/topic-reader.ts";
import type { Services } from "../cli/services.ts";
import { messagesAgain, setBack } from "../rewind/group.ts";
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
      const { members } = await describeGroup(admin, group);
      return { group, topic, steps, messages: messagesAgain(steps), members: members.length };
    }),
  );
}

/** Sets the groups back to the first messages that exist. */
export async function rewindGroups(admin: Admin, plans: readonly GroupPlan[]): Promise<void> {
  for (const { group, topic, steps } of plans) await setBack(admin, { groupId: group, topic, steps });
}
