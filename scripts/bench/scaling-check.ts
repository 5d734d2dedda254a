/**
 * `make scaling-check`: compares the formula for catching up with a real burst. Measures the capacity of one consumer by a
 * backlog, then lets events arrive for a while without a consumer, starts one, and measures how long it takes until all
 * that has arrived is stored. Prints prediction and measurement; exits 1 only when something did not work.
 */
import { z } from "zod";
import { envInt, loadConfig } from "../../workers/shared/runtime/config.ts";
import { EmbeddedPipeline } from "../testkit/embedded-pipeline.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import type { RunningWorker } from "../testkit/worker.ts";

const config = loadConfig(
  z.object({
    CHECK_BACKLOG: envInt(10_000, 10_000_000).prefault("600000"),
    CHECK_RATE: envInt(100, 50_000).prefault("5000"),
    CHECK_OUTAGE_SECONDS: envInt(5, 3600).prefault("40"),
  }),
  process.env,
);

/** No copies and no malformed messages: what is stored can be counted without looking into the topic. */
const PLAIN = "--late-share 0 --duplicate-share 0 --malformed-share 0".split(" ");
const POLL_MS = 100;

/** Seconds until a backlog is gone, docs/scaling.md; Infinity when the capacity does not exceed what arrives. Rates in events/s. */
function catchUpSeconds(backlog: number, arriving: number, capacity: number): number {
  return capacity > arriving ? backlog / (capacity - arriving) : Number.POSITIVE_INFINITY;
}

const pipeline = await EmbeddedPipeline.start();
const stored = async () =>
  Number((await pipeline.one<{ n: string }>("SELECT sum(rows_marked) AS n FROM minute_marks")).n);
const load = (...args: string[]) => pipeline.startProducer(["simulate", ...args, ...PLAIN]);
const end = async (producer: RunningWorker) => {
  if ((await producer.exited) !== 0) throw new Error(`the producer failed:\n${producer.logs.at(-1)?.text}`);
};
const until = (count: number) =>
  waitFor(async () => (await stored()) >= count, {
    timeoutMs: 600_000,
    intervalMs: POLL_MS,
    describe: `${count} events in the store`,
  });

/** Seconds from the start of a consumer to its first row, and events/s from there. */
async function measureCapacity(): Promise<{ startSeconds: number; capacity: number }> {
  await end(load("--rate", "50000", "--count", String(config.CHECK_BACKLOG)));
  const began = performance.now();
  const consumer = pipeline.startConsumer();
  await until(1);
  const first = { at: performance.now(), rows: await stored() };
  await until(config.CHECK_BACKLOG);
  const capacity = ((config.CHECK_BACKLOG - first.rows) / (performance.now() - first.at)) * 1000;
  await consumer.kill("SIGTERM");
  return { startSeconds: (first.at - began) / 1000, capacity };
}

/** Seconds from the start of a consumer until it stores what arrives, after an outage. */
async function measureCatchUp(): Promise<number> {
  const { CHECK_RATE: rate, CHECK_OUTAGE_SECONDS: outage } = config;
  const total = rate * outage * 4;
  const producer = load("--rate", String(rate), "--count", String(total));
  await Bun.sleep(outage * 1000);
  const produced = async () =>
    Number((await pipeline.one<{ n: string }>("SELECT sum(events) AS n FROM producer_ledger")).n);
  const began = performance.now();
  pipeline.startConsumer();
  // Caught up: behind by no more than what arrives while a batch is under way and the ledger's second.
  await waitFor(async () => (await produced()) > config.CHECK_BACKLOG && (await stored()) >= (await produced()), {
    timeoutMs: 600_000,
    intervalMs: POLL_MS,
    describe: "the consumer to catch up",
  });
  const seconds = (performance.now() - began) / 1000;
  await end(producer);
  await until(config.CHECK_BACKLOG + total);
  return seconds;
}

try {
  const { startSeconds, capacity } = await measureCapacity();
  const whole = (value: number) => Math.round(value).toLocaleString("en-US");
  console.log(
    `capacity of one consumer here: ${whole(capacity)} events/s, ${startSeconds.toFixed(1)} s to its first row`,
  );
  const measured = await measureCatchUp();
  const { CHECK_RATE: rate, CHECK_OUTAGE_SECONDS: outage } = config;
  // What arrives while the consumer starts waits as well.
  const predicted = startSeconds + catchUpSeconds(rate * (outage + startSeconds), rate, capacity);
  console.log(`${whole(rate)} events/s, ${outage} s without a consumer: caught up after`);
  console.log(`  predicted ${predicted.toFixed(1)} s, measured ${measured.toFixed(1)} s`);
} finally {
  await pipeline.stop();
}
process.exit(0);
