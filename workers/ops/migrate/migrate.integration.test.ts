import { afterAll, beforeAll, expect, test } from "bun:test";
import { startWorker } from "../../../scripts/testkit/index.ts";
import { readTopics } from "../../shared/kafka/topic-rules.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";

let fixture: OpsFixture;
beforeAll(async () => {
  fixture = await createOpsFixture("migrate");
}, 90_000);
afterAll(() => fixture.close());

test("on a cluster a database of one server is refused, and a new one is asked of the cluster", async () => {
  const { env } = fixture;
  const database = env.CLICKHOUSE_DATABASE ?? "";
  env.CLICKHOUSE_CLUSTER = "nowhere";
  try {
    const single = await fixture.run(["migrate"]);
    expect(single.err).toContain(`the database ${database} has the engine Atomic, which replicates nothing`);
    expect(single.code).toBe(2);
    env.CLICKHOUSE_DATABASE = `${database}_new`;
    // The engine knows no such cluster, and says so: the statement named it.
    const asked = await fixture.run(["migrate", "--wait", "5s"]);
    expect(asked.err).toContain("nowhere");
    expect(asked.code).toBe(3);
  } finally {
    env.CLICKHOUSE_DATABASE = database;
    delete env.CLICKHOUSE_CLUSTER;
  }
}, 60_000);

test("a ledger topic that got more partitions is refused, by migrate and by the consumer", async () => {
  expect((await fixture.run(["migrate"])).code).toBe(0);
  const topic = fixture.config.KAFKA_LEDGER_TOPIC;
  await fixture.admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  const { code, err } = await fixture.run(["migrate"]);
  expect(err).toContain(`The ledger topic ${topic} has 3 partitions, and had 1`);
  expect(err).toContain("set KAFKA_LEDGER_TOPIC");
  expect(code).toBe(2);
  const consumer = startWorker({ entry: "workers/consumer/main.ts", env: { ...fixture.env, HEALTH_PORT: "0" } });
  expect(await consumer.exited).toBe(1);
  expect(consumer.text).toContain(`The ledger topic ${topic} has 3 partitions`);
}, 120_000);

test("topics are made with the partitions and the replicas in sync that were asked for", async () => {
  const { config, env, admin } = fixture;
  const names = ["events", "dlq", "ledger"].map((name) => `${config.KAFKA_EVENTS_TOPIC}.asked.${name}`);
  const [events = "", dlq = "", ledger = ""] = names;
  const before = { ...env };
  Object.assign(env, { KAFKA_EVENTS_TOPIC: events, KAFKA_DLQ_TOPIC: dlq, KAFKA_LEDGER_TOPIC: ledger });
  try {
    const { code, err } = await fixture.run([
      ...["migrate", "--partitions", "4", "--dlq-partitions", "2", "--min-insync-replicas", "2"],
    ]);
    expect(err).toBe("");
    expect(code).toBe(0);
  } finally {
    Object.assign(env, before);
  }
  const made = new Map((await readTopics(admin, names)).map((topic) => [topic.topic, topic]));
  expect(names.map((name) => made.get(name)?.partitions)).toEqual([4, 2, 1]);
  expect(names.map((name) => made.get(name)?.config.get("min.insync.replicas"))).toEqual(["2", "2", "2"]);
}, 60_000);
