import { fetchCommittedOffsets } from "../../../workers/shared/kafka/topic-reader.ts";
import { waitFor } from "../../testkit/process/wait-for.ts";
import { EVENTS_TOPIC, GROUP } from "./kafka-topics.ts";
import type { ChaosContext } from "./scenario.ts";

/** Sum of the offsets the consumers' group has committed. */
export async function committed({ admin }: ChaosContext): Promise<number> {
  const offsets = await fetchCommittedOffsets(admin, GROUP, EVENTS_TOPIC);
  return [...offsets.values()].reduce((sum, offset) => sum + offset, 0);
}

/** Waits until the group has committed further than now: the fault has not stopped the consumers. */
export async function untilMoreCommitted(context: ChaosContext): Promise<void> {
  const before = await committed(context);
  const more = async () => (await committed(context)) > before;
  await waitFor(more, { timeoutMs: 120_000, intervalMs: 200, describe: "further commits" });
}

/** Lets what was under way end for `graceMs`, then sees for `ms` that nothing is committed. @throws {Error} when something is. */
export async function seeNoCommits(context: ChaosContext, ms: number, graceMs = 3_000): Promise<void> {
  await context.sleep(graceMs);
  const before = await committed(context);
  await context.sleep(ms);
  const after = await committed(context);
  if (after !== before) throw new Error(`${after - before} offsets were committed under a fault that rules that out`);
}
