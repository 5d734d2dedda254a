/** The consumer group: zombies, storms of rebalances, more members than partitions. */
import type { RunningWorker } from "../../../testkit/worker.ts";
import type { ChaosContext, Scenario } from "../scenario.ts";

async function zombie(context: ChaosContext): Promise<void> {
  const consumers = [await context.startJoined(), await context.startJoined()];
  context.startLoad();
  for (const consumer of consumers) {
    await context.untilMoreStored(500);
    await context.kill(consumer, "SIGSTOP");
    await context.sleep(12_000);
    await context.kill(consumer, "SIGCONT");
    await context.recovered();
  }
}

async function zombieWrites(context: ChaosContext): Promise<void> {
  const consumer = await context.startJoined();
  context.startLoad();
  await context.untilMoreStored(500);
  const held = context.holdInserts("events_raw", "first");
  await held.caught;
  context.fault("insert held on the wire");
  await context.kill(consumer, "SIGSTOP");
  // The session ends, another consumer stores the same messages and newer ones, then the old insert arrives.
  const successor = await context.startJoined();
  await context.untilMoreStored(2_000);
  held.end("pass");
  await context.sleep(1_000);
  await context.kill(consumer, "SIGCONT");
  await context.recovered();
  await context.kill(successor, "SIGTERM");
  await context.recovered();
}

async function storm(context: ChaosContext): Promise<void> {
  const first = await context.startJoined();
  context.startLoad();
  const rounds = 3;
  for (let round = 0; round < rounds; round++) {
    const more: RunningWorker[] = [];
    for (let i = 0; i < 3; i++) {
      more.push(context.startConsumer());
      await context.sleep(context.random.between(200, 1_500));
    }
    context.fault("1→4→1 consumers");
    await context.sleep(context.random.between(1_000, 3_000));
    for (const worker of more) {
      await context.kill(worker, context.random.chance(0.5) ? "SIGTERM" : "SIGKILL");
      await context.sleep(context.random.between(0, 1_000));
    }
  }
  await context.recovered();
  if (first.exitCode !== null) throw new Error("the first consumer did not live through the storm");
}

async function moreThanPartitions(context: ChaosContext): Promise<void> {
  const consumers: RunningWorker[] = [];
  for (let i = 0; i < 5; i++) consumers.push(context.startConsumer());
  context.fault("5 consumers for 2 partitions");
  context.startLoad();
  await context.untilMoreStored(1_000);
  // Whoever has the partitions dies; idle members take over.
  for (const consumer of consumers.slice(0, 3)) {
    await context.kill(consumer, "SIGKILL");
    await context.sleep(1_500);
  }
  await context.untilMoreStored(500);
  await context.recovered();
}

export const group: readonly Scenario[] = [
  {
    name: "group: zombie",
    faults: "SIGSTOP of each of two consumers for longer than the session timeout, then SIGCONT",
    ci: true,
    run: zombie,
  },
  {
    name: "group: zombie writes late",
    faults:
      "SIGSTOP of a consumer with an insert on the wire, which arrives after another consumer has stored the same messages",
    run: zombieWrites,
  },
  {
    name: "group: rebalance storm",
    faults: "1→4→1 consumers three times, leaving by SIGTERM and SIGKILL",
    run: storm,
  },
  {
    name: "group: more consumers than partitions",
    faults: "5 consumers for 2 partitions, three of them killed",
    pipeline: { migrateArgs: ["--partitions", "2"] },
    run: moreThanPartitions,
  },
];
