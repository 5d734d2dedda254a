import type { Admin } from "../../shared/kafka/client.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import type { RewindStep } from "./plan.ts";

/** What to do before a group is set back. */
export const STOP_CONSUMERS =
  "stop all consumers (`kubectl scale deployment/countinghouse-consumer --replicas=0`, or their processes)";

/** Messages that are read again after these steps. */
export const messagesAgain = (steps: readonly RewindStep[]) => steps.reduce((sum, { again }) => sum + again, 0);

/** Sets a group back as planned; a group that stays where it is is left alone. @throws when it has members. */
export async function setBack(
  admin: Admin,
  { groupId, topic, steps }: { groupId: string; topic: string; steps: readonly RewindStep[] },
): Promise<void> {
  const partitions = steps
    .filter(({ again }) => again > 0)
    .map(({ partition, target }) => ({ partition, offset: String(target) }));
  if (partitions.length > 0) await kafkaCall(() => admin.setOffsets({ groupId, topic, partitions }));
}
