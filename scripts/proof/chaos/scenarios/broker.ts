/** The broker dies, and the topic itself loses messages. */

import { waitFor } from "../../../testkit/process/wait-for.ts";
import { metricSum, type RunningWorker } from "../../../testkit/worker.ts";
import { expireAll, GROUP, QUICK_RETENTION, recreateTopic } from "../kafka-topics.ts";
import type { ChaosContext, Scenario } from "../scenario.ts";

const GAPS = "countinghouse_consumer_offset_gap_messages_total";

async function brokerKilled(context: ChaosContext): Promise<void> {
  await context.startJoined();
  context.startLoad();
  for (let round = 0; round < 2; round++) {
    await context.untilMoreStored(500);
    await context.sleep(context.random.between(500, 2_000));
    await context.pipeline.broker.kill();
    context.fault("SIGKILL broker");
    await context.sleep(context.random.between(1_000, 4_000));
    await context.pipeline.broker.start();
    await context.recovered();
  }
}

async function retentionOverrun(context: ChaosContext): Promise<void> {
  const first = await context.startJoined();
  await context.send({ seconds: 3 });
  await context.untilCommitted();
  await context.kill(first, "SIGKILL");
  const unread = await context.send({ seconds: 4 });
  await expireAll(context);
  await context.send({ seconds: 2 });
  const second = await context.startJoined();
  await context.recovered();
  await expectGap(second, unread);

  // And while the consumer lives, but sees nothing of it.
  await context.kill(second, "SIGSTOP");
  const unseen = await context.send({ seconds: 3 });
  await expireAll(context);
  await context.send({ seconds: 2 });
  await context.kill(second, "SIGCONT");
  await context.recovered();
  await expectGap(second, unread + unseen);
}

/** The consumer itself must have counted what it will never see. */
async function expectGap(worker: RunningWorker, messages: number): Promise<void> {
  const seen = (await metricSum(worker, GAPS)) ?? 0;
  if (seen !== messages) throw new Error(`${GAPS} is ${seen}; ${messages} messages were deleted unread`);
}

async function offsetsLost(context: ChaosContext): Promise<void> {
  const first = await context.startJoined();
  context.startLoad();
  await context.untilMoreStored(2_000);
  await context.kill(first, "SIGTERM");
  const deleted = async () => {
    const [answer] = await context.admin.deleteGroups([GROUP]).catch(() => []);
    return answer?.errorCode === undefined || answer.errorCode === 0 ? answer !== undefined : false;
  };
  await waitFor(deleted, { timeoutMs: 60_000, intervalMs: 300, describe: "the group to be deleted" });
  context.fault("all committed offsets deleted");
  await context.startJoined();
  await context.recovered();
}

async function recreatedMeanwhile(context: ChaosContext): Promise<void> {
  const first = await context.startJoined();
  await context.send({ seconds: 2 });
  await context.untilCommitted();
  await context.kill(first, "SIGKILL");
  await context.send({ seconds: 2 });
  await recreateTopic(context);
  // More than the group had read of the old topic, so that its old position exists in the new one.
  await context.send({ seconds: 8 });
  await context.startJoined();
  await context.recovered();
}

async function recreatedUnderway(context: ChaosContext): Promise<void> {
  await context.startJoined();
  await context.send({ seconds: 3 });
  await context.untilCommitted();
  context.storeLink.refuse(true);
  context.fault("ClickHouse unreachable");
  await context.send({ seconds: 2 });
  await recreateTopic(context);
  await context.sleep(3_000);
  context.storeLink.refuse(false);
  await context.send({ seconds: 5 });
  await context.recovered();
}

export const broker: readonly Scenario[] = [
  {
    name: "broker: killed",
    faults: "SIGKILL of the broker and a restart that recovers its log, twice",
    ci: true,
    run: brokerKilled,
  },
  {
    name: "topic: retention overrun",
    faults:
      "retention deletes messages that nobody has read: once while the consumer is dead, once while it is stopped",
    expect: "loss_reported",
    pipeline: { kafka: { properties: QUICK_RETENTION } },
    run: retentionOverrun,
  },
  {
    name: "topic: offsets lost",
    faults:
      "the group with all its committed offsets is deleted between two consumers: the topic is read from its beginning",
    run: offsetsLost,
  },
  {
    name: "topic: recreated between consumers",
    faults:
      "the topic is deleted with unread messages and created anew, longer than the old one, while no consumer runs",
    expect: "loss_reported",
    run: recreatedMeanwhile,
  },
  {
    name: "topic: recreated under a consumer",
    faults: "the topic is deleted and created anew under a consumer that has read messages it could not store",
    expect: "loss_reported",
    run: recreatedUnderway,
  },
];
