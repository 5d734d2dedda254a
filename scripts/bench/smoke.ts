/**
 * `make bench-smoke`: what one machine does, everything on one host: time to ready, freshness at a
 * sustained rate, and memory while draining a backlog. Prints a table and writes bench/results/smoke.json. A measurement,
 * not a test: it exits 0 whatever the figures, 1 only when something did not work or the counts were not exact.
 */
import { z } from "zod";
import { envInt, loadConfig } from "../../workers/shared/runtime/config.ts";
import { EmbeddedPipeline } from "../testkit/embedded-pipeline.ts";
import { cpuSeconds, describeMachine, memoryBytes, quantile } from "../testkit/process/process-stats.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import type { RunningWorker } from "../testkit/worker.ts";
import { probeFreshness } from "./probe.ts";
import { saveResult } from "./save-result.ts";

const config = loadConfig(
  z.object({
    SMOKE_RATE: envInt(1, 100_000).prefault("5000"),
    SMOKE_SECONDS: envInt(10, 3600).prefault("60"),
    SMOKE_BACKLOG: envInt(1_000, 100_000_000).prefault("2000000"),
  }),
  process.env,
);

type Figure = { name: string; value: string; target: string };
const figures: Figure[] = [];
const note = (name: string, value: string, target: string) => {
  figures.push({ name, value, target });
  console.log(`  ${name}: ${value} (target ${target})`);
};
const ms = (value: number) => `${Math.round(value)} ms`;
const mib = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`;

async function ready(worker: RunningWorker): Promise<void> {
  const line = await worker.waitForLog((l) => typeof l.json.health_port === "number", { describe: "the health port" });
  const url = `http://127.0.0.1:${line.json.health_port}/readyz`;
  await waitFor(async () => (await fetch(url).catch(() => undefined))?.ok === true, {
    describe: "readiness",
    intervalMs: 5,
  });
}

async function stored(pipeline: EmbeddedPipeline): Promise<number> {
  return Number((await pipeline.one<{ n: string }>("SELECT count() AS n FROM events_raw")).n);
}

async function measureFreshness(): Promise<void> {
  console.log(`\n== ${config.SMOKE_RATE} events/s for ${config.SMOKE_SECONDS} s`);
  const pipeline = await EmbeddedPipeline.start();
  try {
    const started = performance.now();
    const consumer = pipeline.startConsumer();
    await ready(consumer);
    note("consumer: process start to ready", ms(performance.now() - started), "< 1 s");
    const seconds = String(config.SMOKE_SECONDS + 10);
    const producer = pipeline.startProducer([
      "simulate",
      "--rate",
      String(config.SMOKE_RATE),
      "--seconds",
      seconds,
      "--drain-held",
      "now",
    ]);
    await Bun.sleep(5_000);
    const cpuBefore = cpuSeconds(consumer.pid);
    const storedBefore = await stored(pipeline);
    const probes = config.SMOKE_SECONDS * 4;
    const freshness = await probeFreshness(pipeline, { probes, everyMs: 250 });
    const events = (await stored(pipeline)) - storedBefore;
    const cpu = cpuSeconds(consumer.pid) - cpuBefore;
    note(
      "queryable in events, p50 / p99",
      `${ms(quantile(freshness.queryableMs, 0.5))} / ${ms(quantile(freshness.queryableMs, 0.99))}`,
      "p99 ≤ 0.5 s",
    );
    note(
      "in the minute view, p50 / p99",
      `${ms(quantile(freshness.minuteViewMs, 0.5))} / ${ms(quantile(freshness.minuteViewMs, 0.99))}`,
      "p99 ≤ 2.5 s",
    );
    note(
      "rows stored meanwhile",
      `${Math.round(events / config.SMOKE_SECONDS)}/s`,
      `≥ ${config.SMOKE_RATE}/s of events`,
    );
    note("consumer CPU at that rate", `${((cpu / events) * 1e6).toFixed(1)} µs/event`, "—");
    await producer.exited;
    await expectExact(pipeline);
  } finally {
    await pipeline.stop();
  }
}

async function measureBacklog(): Promise<void> {
  console.log(`\n== Draining a backlog of ${config.SMOKE_BACKLOG.toLocaleString("en-US")} events`);
  const pipeline = await EmbeddedPipeline.start();
  try {
    const fill = performance.now();
    const producer = pipeline.startProducer([
      "simulate",
      "--rate",
      "50000",
      "--count",
      String(config.SMOKE_BACKLOG),
      "--drain-held",
      "now",
    ]);
    const cpuAtEnd = { value: 0 };
    const sampler = setInterval(() => {
      try {
        cpuAtEnd.value = cpuSeconds(producer.pid);
      } catch {
        // It has ended; the last sample stands.
      }
    }, 200);
    if ((await producer.exited) !== 0) throw new Error("the producer failed");
    clearInterval(sampler);
    const fillSeconds = (performance.now() - fill) / 1000;
    note(
      "producer",
      `${Math.round(config.SMOKE_BACKLOG / fillSeconds).toLocaleString("en-US")} events/s, ${((cpuAtEnd.value / config.SMOKE_BACKLOG) * 1e6).toFixed(1)} CPU-µs/event`,
      "tens of thousands/s",
    );
    const drain = performance.now();
    const consumer = pipeline.startConsumer();
    await waitFor(async () => (await stored(pipeline)) >= config.SMOKE_BACKLOG, {
      timeoutMs: 600_000,
      intervalMs: 250,
      describe: "the backlog to drain",
    });
    const seconds = (performance.now() - drain) / 1000;
    note(
      "consumer while draining",
      `${Math.round(config.SMOKE_BACKLOG / seconds).toLocaleString("en-US")} events/s, ${((cpuSeconds(consumer.pid) / config.SMOKE_BACKLOG) * 1e6).toFixed(1)} CPU-µs/event`,
      "—",
    );
    note("consumer peak RSS", mib(memoryBytes(consumer.pid).peak), "≤ 200 MiB");
    await expectExact(pipeline);
  } finally {
    await pipeline.stop();
  }
}

async function expectExact(pipeline: EmbeddedPipeline): Promise<void> {
  const verify = await pipeline.ops(["verify", "--wait", "180s"]);
  if (verify.code !== 0) throw new Error(`verify ended with ${verify.code}\n${verify.stdout}\n${verify.stderr}`);
  console.log("  verify: exact");
}

console.log(`Machine: ${describeMachine()}`);
await measureFreshness();
await measureBacklog();
await saveResult("smoke", { machine: describeMachine(), settings: config, figures });
console.log(`\n${Bun.inspect.table(figures)}`);
process.exit(0);
