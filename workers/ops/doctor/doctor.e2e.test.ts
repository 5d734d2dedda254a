/** The compiled `ops doctor` against real brokers and engine: silent on a healthy pipeline, exact on what was planted. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorker, waitFor } from "../../../scripts/testkit/index.ts";
import { describeGroup } from "../../shared/kafka/group-members.ts";
import { type Env, examine, HealthyPipeline } from "./testing/fixture.ts";
import { CONNECTIONS, type Planted, STORE, TOPICS } from "./testing/planted.ts";

let pipeline: HealthyPipeline;
beforeAll(async () => {
  pipeline = await HealthyPipeline.create();
}, 120_000);
afterAll(() => pipeline.stop(), 60_000);

async function expectNamed(planted: Planted, changes: Env = {}): Promise<void> {
  const { code, rows, text } = await examine({ ...pipeline.env, ...planted.env, ...changes });
  const found = rows.filter(({ status }) => status === "wrong" || status === "warning");
  const named = found.find((row) => row.code === planted.code && row.found.includes(planted.about));
  if (named === undefined) throw new Error(`not named (exit ${code}):\n${text}`);
  expect(named.status).toBe(planted.warning ? "warning" : "wrong");
  expect(named.next).not.toBe("");
  const others = found.filter((row) => row.code !== planted.code && !planted.also?.includes(row.code));
  expect(others).toEqual([]);
  expect(code).toBe(planted.warning ? 0 : 1);
}

test("finds nothing on a healthy pipeline, also with its consumer running and a lake", async () => {
  const quiet = await examine(pipeline.env);
  expect(quiet.rows.filter(({ status }) => status !== "right" && status !== "skipped")).toEqual([]);
  expect(quiet.code).toBe(0);
  const consumer = startWorker({ binary: "consumer", env: { ...pipeline.env, HEALTH_PORT: "0" } });
  try {
    await consumer.waitForLog(({ json }) => json.msg === "consumer started", { timeoutMs: 60_000 });
    await waitFor(async () => {
      const { state } = await describeGroup(pipeline.admin, pipeline.config.KAFKA_GROUP_ID);
      return state === "Stable" || undefined;
    });
    const busy = await examine({ ...pipeline.env, LAKE_URL: `file:///tmp/doctor-${crypto.randomUUID()}` });
    expect(busy.rows.filter(({ status }) => status !== "right")).toEqual([]);
    expect(busy.rows.find(({ check }) => check === "groups")?.found).toContain("1 members");
    expect(busy.code).toBe(0);
  } finally {
    await consumer.kill("SIGKILL");
  }
});

describe("names what is wrong with the store:", () => {
  test.each(STORE.map((planted) => [planted.name, planted] as const))("%s", async (_, planted) => {
    const changes = await planted.plant?.(pipeline);
    try {
      await expectNamed(planted, changes);
    } finally {
      await planted.undo?.(pipeline);
    }
  });
});

describe("names what is wrong with a connection, and looks at the rest:", () => {
  test.each(CONNECTIONS.map((planted) => [planted.name, planted] as const))("%s", async (_, planted) => {
    await expectNamed(planted, await planted.plant?.(pipeline));
  });
});

describe("names what is wrong with topics and groups:", () => {
  test.each(TOPICS.map((planted) => [planted.name, planted] as const))("%s", async (_, planted) => {
    await expectNamed(planted, await planted.plant?.(pipeline));
  });
});

test("names a member of the group that reads another topic", async () => {
  const groupId = `${pipeline.config.KAFKA_GROUP_ID}-shared`;
  const other = await pipeline.topic(1, {});
  const stranger = pipeline.kafka.consumer({ groupId });
  await stranger.connect();
  await stranger.subscribe({ topics: [other] });
  await stranger.run({ eachMessage: async () => undefined });
  try {
    await waitFor(async () => (await describeGroup(pipeline.admin, groupId)).state === "Stable" || undefined);
    const planted = { name: "", code: "KAFKA_GROUP_SHARED", about: other };
    await expectNamed(planted, { KAFKA_GROUP_ID: groupId });
  } finally {
    await stranger.disconnect();
  }
});

test("what depends on a connection that failed is unknown, not right", async () => {
  const { rows } = await examine({ ...pipeline.env, CLICKHOUSE_PASSWORD: "wrong" });
  const statusOf = (check: string) => rows.find((row) => row.check === check)?.status;
  for (const check of ["rights", "settings", "tables", "view refreshes"]) expect(statusOf(check)).toBe("unchecked");
  for (const check of ["kafka", "topics", "groups"]) expect(statusOf(check)).toBe("right");
});

test("wrong usage and a wrong configuration end with 2", async () => {
  expect((await examine(pipeline.env, ["--role", "nobody"])).code).toBe(2);
  expect((await examine({ ...pipeline.env, KAFKA_BROKERS: "no port" })).code).toBe(2);
});
