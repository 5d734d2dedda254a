import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { z } from "zod";
import { createKafkaClient } from "../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../workers/shared/kafka/config.ts";
import { fetchTopicRanges } from "../../workers/shared/kafka/topic-reader.ts";
import { loadConfig } from "../../workers/shared/runtime/config.ts";
import { createLogger } from "../../workers/shared/runtime/logger.ts";
import { EmbeddedPipeline } from "../testkit/embedded-pipeline.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import type { RunningWorker } from "../testkit/worker.ts";

/** What HTTP ingest and `producer file` saw acknowledged, by verify: also of those that are killed in the midst of sending. */

let pipeline: EmbeddedPipeline;
beforeAll(async () => {
  pipeline = await EmbeddedPipeline.start();
  pipeline.startConsumer();
}, 120_000);
afterAll(() => pipeline.stop());

type Report = {
  verdict: string;
  relayed: { messages: number; unknown: number; open_ledgers: number };
  truncated: string[];
  other_differences: string[];
};
async function verify(): Promise<Report> {
  // Before the first commit the broker may not have a coordinator for the group.
  const stored = async () => (await pipeline.one<{ n: string }>("SELECT count() AS n FROM events")).n !== "0";
  await waitFor(stored, { timeoutMs: 60_000, describe: "a stored event" });
  const { stdout, stderr } = await pipeline.ops(["verify", "--json", "--wait", "90s"]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}
const kafka = () => {
  const config = loadConfig(z.object(kafkaConfigShape), { KAFKA_BROKERS: pipeline.broker.brokers });
  return createKafkaClient(config, createLogger({ name: "test", level: "silent" }));
};
async function inTopic(): Promise<number> {
  const admin = kafka().admin();
  await admin.connect();
  const ranges = await fetchTopicRanges(admin, "events");
  await admin.disconnect();
  return ranges.reduce((sum, { from, end }) => sum + end - from, 0);
}

const event = () => {
  const time = new Date().toISOString();
  const user_id = `u${Math.floor(Math.random() * 50)}`;
  return { event_id: crypto.randomUUID(), user_id, event_type: "click", event_time: time, received_time: time };
};
async function fileOf(lines: number): Promise<string> {
  const path = join(pipeline.dir, `${crypto.randomUUID()}.jsonl`);
  await Bun.write(path, Array.from({ length: lines }, () => `${JSON.stringify(event())}\n`).join(""));
  return path;
}
async function startIngest(): Promise<{ worker: RunningWorker; post(events: number): Promise<number> }> {
  const worker = pipeline.startProducer(["http", "--port", "0"]);
  const { json } = await worker.waitForLog(({ json }) => json.msg === "ready", { timeoutMs: 60_000 });
  const post = async (events: number) => {
    const body = JSON.stringify(Array.from({ length: events }, event));
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`http://127.0.0.1:${json.http_port}/v1/events`, { method: "POST", headers, body });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { worker, post };
}

test("what is acknowledged over HTTP and of a file counts as produced, exactly once the producers have ended", async () => {
  const { worker, post } = await startIngest();
  for (let i = 0; i < 5; i++) expect(await post(20)).toBe(202);
  const file = pipeline.startProducer(["file", await fileOf(300)]);
  expect(await file.exited).toBe(0);
  expect(await worker.kill("SIGTERM")).toBe(0);
  const report = await verify();
  expect(report).toMatchObject({ verdict: "EXACT", truncated: [], other_differences: [] });
  expect(report.relayed).toEqual({ messages: 400, unknown: 0, open_ledgers: 0 });
  expect(await inTopic()).toBe(400);
}, 180_000);

test("killed in the midst of sending: at least so many, and no false word", async () => {
  const { worker, post } = await startIngest();
  const posting = Array.from({ length: 4 }, async () => {
    for (let i = 0; i < 200; i++) if ((await post(10).catch(() => 0)) !== 202) return;
  });
  const file = pipeline.startProducer(["file", await fileOf(50_000), "--rate", "4000"]);
  await waitFor(async () => (await inTopic()) > 3_000, { timeoutMs: 60_000, describe: "messages of both" });
  await Promise.all([worker.kill("SIGKILL"), file.kill("SIGKILL"), ...posting]);
  // Their ledgers count as left open 15 s after the last sign of life.
  await Bun.sleep(16_000);
  const report = await verify();
  expect(report).toMatchObject({ verdict: "EXACT", truncated: [], relayed: { open_ledgers: 2 } });
  expect(report.relayed.messages).toBeGreaterThan(400);
  expect(report.relayed.messages).toBeLessThanOrEqual(await inTopic());
}, 240_000);

test("a partition that ends before what a producer saw acknowledged is NOT PROVEN, and named", async () => {
  const producer = kafka().producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const now = Date.now();
  const times = { started_at: now, updated_at: now };
  const record = { kind: "instance", instance: "gone", state: "closed", ...times, count: 9, unknown: 0 };
  const value = JSON.stringify({ ...record, reached: { 2: 9_000_000 } });
  await producer.send({ topic: "events.ledger", messages: [{ key: "gone", value }] });
  await producer.disconnect();
  const report = await verify();
  expect(report.verdict).toBe("NOT PROVEN");
  expect(report.truncated).toEqual([expect.stringMatching(/^partition 2 ends at \d+, and gone saw offset 9000000/)]);
}, 120_000);
