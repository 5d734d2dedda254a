import { afterEach, beforeEach, expect, test } from "bun:test";
import { useStack, waitFor } from "../../scripts/testkit/index.ts";
import { foreignAssignor } from "../shared/kafka/testing/foreign-assignor.ts";
import { type ConsumerFixture, createConsumerFixture, events, metric, readiness } from "./testing/fixture.ts";

let fixture: ConsumerFixture;
beforeEach(async () => {
  fixture = await createConsumerFixture(await useStack(), { partitions: 6 });
}, 90_000);
afterEach(() => fixture?.close(), 30_000);

const lagOf = async (worker: Parameters<typeof metric>[0]) => {
  const lags = Array.from({ length: 6 }, (_, partition) =>
    metric(worker, `countinghouse_consumer_lag_messages{partition="${partition}"}`),
  );
  return (await Promise.all(lags)).reduce((sum, lag) => sum + lag, 0);
};

test("a pipeline that gets another one's topic stops and says which setting; the other one reads all of its own", async () => {
  const other = await createConsumerFixture(await useStack(), { partitions: 6 });
  try {
    const first = await fixture.startAssigned();
    await fixture.produce(events(60, 6));
    const second = other.start({ KAFKA_GROUP_ID: fixture.name });
    expect(await second.exited).toBe(1);
    const last = second.logs.find(({ json }) => json.msg === "worker failed");
    expect(last?.json).toMatchObject({ code: "KAFKA_GROUP_SHARED", retry: false });
    expect(String(last?.json.error)).toContain(fixture.topic);
    expect(String(last?.json.next)).toContain("KAFKA_GROUP_ID");
    await fixture.produce(events(60, 6));
    await fixture.untilCommitted();
    expect((await fixture.counts()).events).toBe(120);
    await waitFor(async () => (await lagOf(first)) === 0, { timeoutMs: 15_000 });
    expect(await first.kill()).toBe(0);
  } finally {
    await other.close();
  }
}, 120_000);

async function joinForeign(name: string, topic: string) {
  const foreign = fixture.kafka.consumer({
    ...{ groupId: fixture.name, partitionAssigners: [foreignAssignor(name)], allowAutoTopicCreation: false },
  });
  const joined = new Promise((resolve) => foreign.on(foreign.events.GROUP_JOIN, resolve));
  await foreign.connect();
  await foreign.subscribe({ topic });
  await foreign.run({ autoCommit: false, eachMessage: async () => undefined });
  await joined;
  return foreign;
}

test("while a client with another assignor is in the group it stays alive, not ready, says so, and joins afterwards", async () => {
  const foreign = await joinForeign("range", fixture.topic);
  const worker = fixture.start();
  await worker.waitForLog(({ json }) => json.code === "KAFKA_GROUP_SHARED", { timeoutMs: 30_000 });
  await waitFor(async () => (await readiness(worker)).body.includes("another kind of client"));
  const { status, body } = await readiness(worker);
  expect(status).toBe(503);
  expect(body).toContain("assignor range");
  expect(worker.exitCode).toBeNull();
  await foreign.disconnect();
  await worker.waitForLog(({ json }) => json.msg === "assigned" && json.group === fixture.name, { timeoutMs: 30_000 });
  await waitFor(async () => (await readiness(worker)).status === 200);
  await fixture.produce(events(60, 6));
  await fixture.untilCommitted();
  expect((await fixture.counts()).events).toBe(60);
  expect(await worker.kill()).toBe(0);
}, 120_000);

test("lag counts partitions that nobody reads; after a minute they are a metric and the members are not ready", async () => {
  // The leader of the group gives nothing to anybody.
  const foreign = await joinForeign("RoundRobinAssigner", fixture.dlqTopic);
  await fixture.produce(events(60, 6));
  const worker = await fixture.startAssigned();
  await waitFor(async () => (await lagOf(worker)) === 60, { timeoutMs: 15_000 });
  const unread = () => metric(worker, "countinghouse_consumer_unread_partitions");
  expect(await unread()).toBe(0);
  expect((await readiness(worker)).status).toBe(200);
  await waitFor(async () => (await unread()) === 6, { timeoutMs: 75_000 });
  const { status, body } = await readiness(worker);
  expect(status).toBe(503);
  expect(body).toContain("partitions 0, 1, 2, 3, 4, 5");
  await foreign.disconnect();
  await fixture.untilCommitted();
  await waitFor(async () => (await readiness(worker)).status === 200, { timeoutMs: 15_000 });
  expect(await worker.kill()).toBe(0);
}, 150_000);
