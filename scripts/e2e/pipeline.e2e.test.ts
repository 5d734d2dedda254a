/**
 * End to end through the compiled binaries, the real broker and the real engine. Scenarios follow one another on one
 * pipeline; each ends with the proof: ledger, events, minutes and hours agree, and so does the audit of the topic.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { EmbeddedPipeline } from "../testkit/embedded-pipeline.ts";
import { eventMessage, type RunningWorker, waitFor } from "../testkit/index.ts";

let pipeline: EmbeddedPipeline;
let consumer: RunningWorker;
beforeAll(async () => {
  pipeline = await EmbeddedPipeline.start();
  consumer = pipeline.startConsumer();
}, 120_000);
afterAll(() => pipeline.stop(), 60_000);

/** A simulated load whose held-back events are held back for 1–3 s only. */
const load = (rate: number, seconds: number, seed: number) =>
  pipeline.startProducer(
    `simulate --rate ${rate} --seconds ${seconds} --seed ${seed} --late-share 0.1 --late-range 1-3 --drain-held now \
     --duplicate-share 0.05 --malformed-share 0.01`.split(/[\s\\]+/),
  );

/** Waits for the end of a worker that ends by itself; why it failed is in its last lines. */
async function expectDone(worker: RunningWorker): Promise<void> {
  const code = await worker.exited;
  const last = code === 0 ? [] : worker.logs.slice(-5).map(({ text }) => text);
  expect({ code, last }).toEqual({ code: 0, last: [] });
}

async function expectProof(): Promise<void> {
  for (const args of [["verify"], ["verify", "--audit"]]) {
    const { code, stdout, stderr } = await pipeline.ops([...args, "--wait", "120s"]);
    expect({ args, code, output: code === 0 ? "" : `${stdout}\n${stderr}` }).toEqual({ args, code: 0, output: "" });
  }
}

const stored = async () => Number((await pipeline.one<{ n: string }>("SELECT count() AS n FROM events")).n);
const letters = async () => Number((await pipeline.one<{ n: string }>("SELECT count() AS n FROM dead_letters")).n);
const grown = async (read: () => Promise<number>, by: number) => {
  const before = await read();
  return () => waitFor(async () => (await read()) >= before + by, { timeoutMs: 60_000, describe: `${by} more` });
};

async function produceLines(lines: readonly unknown[]): Promise<void> {
  const file = join(pipeline.dir, `${crypto.randomUUID()}.jsonl`);
  await Bun.write(file, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
  const producer = pipeline.startProducer(["file", file]);
  await expectDone(producer);
}

const at = (time: number, fields: Record<string, unknown> = {}) => eventMessage(time, { user_id: "e2e", ...fields });

test("late, duplicate and malformed messages", async () => {
  const someLetters = await grown(letters, 1);
  await expectDone(load(1000, 8, 1));
  await expectProof();
  await someLetters();
  const { n } = await pipeline.one<{ n: string }>("SELECT sum(duplicates) AS n FROM duplicates_per_minute");
  expect(Number(n)).toBeGreaterThan(0);
});

test("events days late and on both sides of midnight reach their own day", async () => {
  const midnight = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 3 * 86_400_000;
  const both = await grown(stored, 2);
  const before = at(midnight - 1);
  const after = at(midnight);
  await produceLines([before, after, before, { ...after, event_id: after.event_id.toUpperCase() }]);
  await both();
  await expectProof();
  const days = await pipeline.clickhouse.query<{ day: string; n: string }>(
    "SELECT toString(toDate(event_hour)) AS day, toString(sum(events)) AS n FROM events_per_hour WHERE event_hour BETWEEN {from:UInt32} AND {to:UInt32} GROUP BY day ORDER BY day",
    { params: { from: midnight / 1000 - 3600, to: midnight / 1000 } },
  );
  expect(days).toEqual([
    { day: new Date(midnight - 1).toISOString().slice(0, 10), n: "1" },
    { day: new Date(midnight).toISOString().slice(0, 10), n: "1" },
  ]);
});

test("consumers killed with SIGKILL under load", async () => {
  const producer = load(2000, 12, 2);
  for (let i = 0; i < 3; i++) {
    await Bun.sleep(2_500);
    await consumer.kill("SIGKILL");
    consumer = pipeline.startConsumer();
  }
  await expectDone(producer);
  await expectProof();
});

test("one, three and one consumers under load", async () => {
  const producer = load(2000, 14, 3);
  await Bun.sleep(3_000);
  const more = [pipeline.startConsumer(), pipeline.startConsumer()];
  await Bun.sleep(5_000);
  expect(await Promise.all(more.map((worker) => worker.kill("SIGTERM")))).toEqual([0, 0]);
  await expectDone(producer);
  await expectProof();
});

test("the broker restarts under load", async () => {
  const producer = load(1000, 14, 4);
  await Bun.sleep(4_000);
  await pipeline.broker.restart();
  await expectDone(producer);
  await expectProof();
});

test("ClickHouse is down for 20 s under load", async () => {
  const producer = load(1000, 30, 5);
  await Bun.sleep(4_000);
  await pipeline.engine.kill();
  await Bun.sleep(20_000);
  expect(consumer.exitCode).toBeNull();
  await pipeline.engine.start();
  await expectDone(producer);
  await expectProof();
});

test("a topic filled by kcat from a JSONL file agrees with the audit", async () => {
  const kcat = Bun.which("kcat");
  if (kcat === null)
    throw new Error("kcat is not installed: `apt-get install kcat`, or `make setup` as root on Debian");
  const now = Date.now();
  const lines = Array.from({ length: 500 }, (_, i) => JSON.stringify(at(now - i * 1000, { user_id: `kcat-${i % 9}` })));
  const file = join(pipeline.dir, "kcat.jsonl");
  await Bun.write(file, `${[...lines, ...lines.slice(0, 20), "{not json"].join("\n")}\n`);
  const all = await grown(stored, 500);
  const letter = await grown(letters, 1);
  const sent = Bun.spawn([kcat, "-P", "-b", pipeline.broker.brokers, "-t", "events", "-l", file], {
    stderr: "inherit",
  });
  expect(await sent.exited).toBe(0);
  await Promise.all([all(), letter()]);
  await expectProof();
});

test("SIGTERM: the consumer commits what it stored and leaves", async () => {
  const producer = load(1000, 6, 6);
  await Bun.sleep(3_000);
  expect(await consumer.kill("SIGTERM")).toBe(0);
  consumer = pipeline.startConsumer();
  await expectDone(producer);
  await expectProof();
});
