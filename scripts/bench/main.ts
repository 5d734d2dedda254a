/**
 * `make bench`: countinghouse beside ClickHouse's Kafka engine and a hand-written Python pipeline, on the same topic,
 * events and tables, on one machine in one run, in interleaved rounds. Prints the tables, says which numbers are reached,
 * and writes bench/results/latest.json. A measurement, not a test: it exits 0 whatever the figures, 1 only when
 * something did not work.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describeMachine } from "../testkit/process/process-stats.ts";
import { type DrainResult, measureDrain } from "./drain.ts";
import { prepareKafkaTools } from "./kafka-tools.ts";
import { measureLimits } from "./limits.ts";
import { type LiveResult, measureLive } from "./live.ts";
import { countinghouse, countinghouseSmall } from "./peers/countinghouse.ts";
import { kafkaEngine, kafkaEngineBare } from "./peers/kafka-engine.ts";
import type { Peer } from "./peers/peer.ts";
import { preparePython, python } from "./peers/python.ts";
import { profileDrain } from "./profile.ts";
import { type BenchResults, figuresOf, type SizeFigures, totalCpu } from "./results.ts";
import { benchSettings } from "./settings.ts";
import { Stage } from "./stage.ts";
import { asText, tablesOf } from "./tables.ts";
import { round } from "./targets.ts";
import { type FilledTopic, fillTopic } from "./topic-filler.ts";

const ROOT = join(import.meta.dir, "../..");
const RESULTS = join(ROOT, "bench/results");
const LATEST = join(RESULTS, "latest.json");
const PEERS: readonly Peer[] = [countinghouse, kafkaEngine, countinghouseSmall, python];

const settings = benchSettings();
const began = performance.now();

function say(text: string): void {
  console.log(`[${Math.round((performance.now() - began) / 1_000)} s] ${text}`);
}

async function fill(stage: Stage, topic: string, messages: number, meanBytes: number): Promise<FilledTopic> {
  say(`filling topic ${topic} with ${messages.toLocaleString("en-US")} events of about ${meanBytes} bytes`);
  return fillTopic({
    brokers: stage.broker.brokers,
    topic,
    messages,
    meanBytes,
    ratePerSecond: settings.BENCH_BACKLOG_RATE,
    ...(topic === "memory" ? {} : { nativeFile: join(stage.dir, `${topic}.native`) }),
  });
}

/** Every peer in turn, in another order each round, so that a slow minute of the machine hits all alike. */
async function rounds(stage: Stage, topic: FilledTopic): Promise<DrainResult[][]> {
  const all: DrainResult[][] = [];
  for (let run = 0; run < settings.BENCH_RUNS; run++) {
    const order = PEERS.map((_, i) => PEERS[(i + run) % PEERS.length]).filter((peer) => peer !== undefined);
    const round: DrainResult[] = [];
    for (const peer of run === 0 ? [...order, kafkaEngineBare] : order) {
      round.push(await drain(stage, peer, topic, `${run + 1}/${settings.BENCH_RUNS}`));
    }
    all.push(round);
  }
  return all;
}

async function drain(stage: Stage, peer: Peer, topic: FilledTopic, label: string): Promise<DrainResult> {
  const result = await measureDrain(stage, peer, topic);
  const exact = result.exact === false ? ", NOT EXACT" : "";
  say(
    `${topic.topic} ${label} ${peer.name}: ${round(result.eventsPerS)} events/s, ${round(totalCpu(result))} CPU-µs/event${exact}`,
  );
  if (result.exact === false && [countinghouse, countinghouseSmall].includes(peer))
    throw new Error("countinghouse did not count exactly");
  return result;
}

async function measureSize(stage: Stage, topic: FilledTopic): Promise<SizeFigures> {
  const results = await rounds(stage, topic);
  say(`limits of ${topic.topic}`);
  return figuresOf(topic, results, await measureLimits(stage, topic));
}

async function live(stage: Stage): Promise<LiveResult[]> {
  const results: LiveResult[] = [];
  if (settings.BENCH_LIVE_SECONDS === 0) return results;
  for (const peer of [countinghouse, kafkaEngine]) {
    say(`time to queryable of ${peer.name} at ${settings.BENCH_LIVE_RATE} events/s`);
    results.push(
      await measureLive(stage, peer, { rate: settings.BENCH_LIVE_RATE, seconds: settings.BENCH_LIVE_SECONDS }),
    );
  }
  return results;
}

async function memory(stage: Stage): Promise<BenchResults["memory"]> {
  const messages = settings.BENCH_MEMORY_EVENTS;
  if (messages === 0) return undefined;
  const topic = await fill(stage, "memory", messages, settings.BENCH_SMALL_BYTES);
  const { rssMib } = await drain(stage, countinghouse, topic, "1/1");
  return { messages, worker_rss_mb: rssMib.worker };
}

function commit(): string {
  return Bun.spawnSync(["git", "describe", "--always", "--dirty", "--abbrev=12"], { cwd: ROOT })
    .stdout.toString()
    .trim();
}

async function measureAll(stage: Stage): Promise<BenchResults> {
  const small = await fill(stage, "small", settings.BENCH_EVENTS, settings.BENCH_SMALL_BYTES);
  const large = await fill(stage, "large", settings.BENCH_LARGE_EVENTS, settings.BENCH_LARGE_BYTES);
  const head = {
    machine: describeMachine(),
    commit: commit(),
    date: new Date().toISOString(),
    runs: settings.BENCH_RUNS,
  };
  const smallFigures = await measureSize(stage, small);
  const largeFigures = await measureSize(stage, large);
  const liveResults = await live(stage);
  const peak = await memory(stage);
  say("profile of one more drain");
  const profile = await profileDrain(stage, small, RESULTS);
  return {
    ...head,
    ...smallFigures,
    large: largeFigures,
    live: liveResults,
    ...(peak === undefined ? {} : { memory: peak }),
    profile,
    settings,
  };
}

mkdirSync(RESULTS, { recursive: true });
say(`machine: ${describeMachine()}`);
await preparePython();
await prepareKafkaTools();
const stage = await Stage.start();
try {
  const results = await measureAll(stage);
  await Bun.write(LATEST, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\n${tablesOf(results).map(asText).join("\n")}`);
  console.log("Written to bench/results/latest.json. `make bench-publish` puts it into docs/performance.md.");
} finally {
  await stage.stop();
}
process.exit(0);
