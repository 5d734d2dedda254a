import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { uniqueName, useStack, waitFor } from "../../../scripts/testkit/index.ts";
import { loadConfig } from "../runtime/config.ts";
import { createLogger } from "../runtime/logger.ts";
import { createKafkaClient } from "./client.ts";
import { kafkaConfigShape } from "./config.ts";
import { GroupWatch } from "./group-watch.ts";

const logger = createLogger({ name: "test", level: "silent" });
const name = uniqueName("watch");
let kafka: ReturnType<typeof createKafkaClient>;
let admin: ReturnType<typeof kafka.admin>;
let nowMs = 1_000_000;
const lag = new Map<number, number>();
let watch: GroupWatch;

beforeAll(async () => {
  const { brokers } = await useStack();
  kafka = createKafkaClient(loadConfig(z.object(kafkaConfigShape), { KAFKA_BROKERS: brokers }), logger);
  admin = kafka.admin();
  await admin.connect();
  const topics = [name, `${name}.other`].map((topic) => ({ topic, numPartitions: 3, replicationFactor: 1 }));
  await admin.createTopics({ waitForLeaders: true, topics });
  watch = new GroupWatch(
    { groupId: name, topic: name },
    {
      admin,
      logger,
      clock: { now: () => nowMs },
      ownCommitted: () => undefined,
      onHidden: () => undefined,
      onLag: (partition, messages) => lag.set(partition, messages),
    },
  );
}, 60_000);
afterAll(() => admin.disconnect());

test("every partition has its lag, whoever reads it or nobody", async () => {
  const producer = kafka.producer({ allowAutoTopicCreation: false, idempotent: true });
  await producer.connect();
  // Idempotent: on a topic just created the client may send again what some partitions have taken already.
  const messages = [0, 1, 1, 2, 2, 2].map((partition) => ({ partition, value: "x" }));
  await producer.send({ topic: name, acks: -1, messages });
  await producer.disconnect();
  await admin.setOffsets({ groupId: name, topic: name, partitions: [{ partition: 2, offset: "2" }] });
  await watch.look();
  expect(lag).toEqual(new Map([0, 1, 2].map((partition) => [partition, partition === 1 ? 2 : 1])));
});

test("a partition is unread after a minute without a member that asked for its topic", async () => {
  expect(watch.unread).toEqual([]);
  nowMs += 59_000;
  await watch.look();
  expect(watch.unread).toEqual([]);
  nowMs += 1_000;
  expect(watch.unread).toEqual([0, 1, 2]);

  // It is the group's leader and gives partitions to whoever is there.
  const foreign = kafka.consumer({ groupId: name, allowAutoTopicCreation: false });
  await foreign.connect();
  await foreign.subscribe({ topic: `${name}.other` });
  await foreign.run({ autoCommit: false, eachMessage: async () => undefined });
  await waitFor(async () => (await admin.describeGroups([name])).groups[0]?.state === "Stable");
  await watch.look();
  expect(watch.unread).toEqual([0, 1, 2]);
  await foreign.disconnect();

  const reader = kafka.consumer({ groupId: name, allowAutoTopicCreation: false });
  await reader.connect();
  await reader.subscribe({ topic: name });
  await reader.run({ autoCommit: false, eachMessage: async () => undefined });
  await waitFor(async () => {
    await watch.look();
    return watch.unread.length === 0;
  });
  await reader.disconnect();
  await watch.look();
  expect(watch.unread).toEqual([]);
  nowMs += 60_000;
  expect(watch.unread).toEqual([0, 1, 2]);
}, 60_000);
