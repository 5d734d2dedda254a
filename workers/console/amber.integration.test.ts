import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../scripts/testkit/index.ts";
import { createKafkaClient } from "../shared/kafka/client.ts";
import { createLogger } from "../shared/runtime/logger.ts";
import { type ConsoleFixture, createConsoleFixture } from "./testing/fixture.ts";

let fixture: ConsoleFixture;
beforeAll(async () => {
  fixture = await createConsoleFixture();
}, 90_000);
afterAll(() => fixture?.close());

test("amber within ten seconds when messages arrive and no consumer commits, green again once one does", async () => {
  const topic = fixture.config.KAFKA_EVENTS_TOPIC;
  const kafka = createKafkaClient(fixture.config, createLogger({ name: "t", level: "silent" }));
  const [admin, producer] = [kafka.admin(), kafka.producer({ allowAutoTopicCreation: false })];
  await Promise.all([admin.connect(), producer.connect()]);
  const overview = () => fixture.json<{ level: string; findings: { text: string }[] }>("/api/v1/overview");
  const commitAll = async () => {
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await admin.setOffsets({ groupId: fixture.config.KAFKA_GROUP_ID, topic, partitions });
  };
  await producer.send({ topic, messages: [{ value: "{}" }] });
  await commitAll();
  const settled = async () => !["warn", "bad"].includes((await overview()).level);
  await waitFor(settled, { timeoutMs: 30_000, describe: "green" });

  const sentMs = performance.now();
  const sending = setInterval(() => void producer.send({ topic, messages: [{ value: "{}" }] }), 500);
  try {
    const amber = async () =>
      (await overview()).findings.some(({ text }) => text.startsWith("Nothing was consumed for"));
    await waitFor(amber, { timeoutMs: 30_000, intervalMs: 200, describe: "amber" });
    expect(performance.now() - sentMs).toBeLessThan(10_000);
  } finally {
    clearInterval(sending);
  }
  await Bun.sleep(1_000);
  await commitAll();
  await waitFor(settled, { timeoutMs: 30_000, describe: "green again" });
  await Promise.all([admin.disconnect(), producer.disconnect()]);
}, 120_000);
