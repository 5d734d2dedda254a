/**
 * `make overload MINUTES=10`: three times the load that the consumer can store, for minutes on end, because
 * ClickHouse is slow. The consumer must stop fetching, keep within its memory, and be back to real time once the store is quick
 * again, with every event counted once. Exit code 0 only when all of that held.
 */
import { z } from "zod";
import { fetchTopicRanges } from "../../../workers/shared/kafka/topic-reader.ts";
import { envInt, loadConfig } from "../../../workers/shared/runtime/config.ts";
import { describeMachine, memoryBytes } from "../../testkit/process/process-stats.ts";
import { waitFor } from "../../testkit/process/wait-for.ts";
import { metricSum, type RunningWorker } from "../../testkit/worker.ts";
import { committed } from "./committed.ts";
import { type ChaosRun, createContext, isInsertInto } from "./context.ts";
import { EVENTS_TOPIC } from "./kafka-topics.ts";
import { judge } from "./oracle.ts";

const config = loadConfig(
  z.object({ MINUTES: envInt(1, 1_000).prefault("10"), SEED: z.string().default("") }),
  process.env,
);

/** Messages per second while the store is slow, and afterwards. */
const RATE = { overload: 7_500, after: 1_000 } as const;
/** How long ClickHouse takes for one insert. One at a time of 40,000 rows makes 2,000 events/s. */
const INSERT_MS = 20_000;
/** Load over what was stored meanwhile must reach this, or it was no overload. */
const TIMES_CAPACITY = 3;
/** The consumer's limit while draining millions of events, bytes. */
const MAX_RSS = 200 * 1024 * 1024;
/** Behind by no more than this, the consumer is back to real time, messages: two seconds of the load. */
const REAL_TIME = 2 * RATE.after;
const DRAIN_LIMIT_MS = 15 * 60_000;

type Overload = {
  sent: number;
  stored: number;
  peakBuffered: number;
  pausedS: number;
};

async function appended({ admin }: ChaosRun): Promise<number> {
  return (await fetchTopicRanges(admin, EVENTS_TOPIC)).reduce((sum, { end }) => sum + end, 0);
}

/** Sends three times what the consumer can store, and watches it. */
async function overload(context: ChaosRun, consumer: RunningWorker): Promise<Overload> {
  context.store.inject(({ path }) => (isInsertInto(path, "events_raw") ? { holdUntil: Bun.sleep(INSERT_MS) } : "pass"));
  context.fault(`every insert takes ${INSERT_MS / 1000} s`);
  const load = context.startLoad({ rate: RATE.overload, seconds: config.MINUTES * 60 });
  let peakBuffered = 0;
  for (let second = 0; load.exitCode === null; second++) {
    await Bun.sleep(1_000);
    peakBuffered = Math.max(peakBuffered, (await metricSum(consumer, "countinghouse_consumer_buffered_bytes")) ?? 0);
    if (second % 30 === 0) {
      const behind = (await appended(context)) - (await committed(context));
      context.log(`${behind} messages behind, consumer at ${mib(memoryBytes(consumer.pid).now)}`);
    }
  }
  const stored = await committed(context);
  const sent = await appended(context);
  const pausedS = (await metricSum(consumer, "countinghouse_consumer_paused_seconds_total")) ?? 0;
  return { sent, stored, peakBuffered, pausedS };
}

/** The store is quick again, and a usual load goes on. Returns the seconds until the consumer kept up with it. */
async function recover(context: ChaosRun): Promise<number> {
  context.store.inject(() => "pass");
  const began = performance.now();
  context.log("the store is quick again");
  context.startLoad({ rate: RATE.after });
  const caughtUp = async () => (await appended(context)) - (await committed(context)) <= REAL_TIME;
  await waitFor(caughtUp, { timeoutMs: DRAIN_LIMIT_MS, intervalMs: 500, describe: "the consumer to catch up" });
  return (performance.now() - began) / 1000;
}

const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;

async function main(): Promise<number> {
  const seed = config.SEED || String(Math.floor(Math.random() * 1_000_000));
  console.log(`overload for ${config.MINUTES} minutes, seed ${seed}, ${describeMachine()}`);
  const context = await createContext({ name: "overload" }, seed);
  try {
    const consumer = await context.startJoined({ CLICKHOUSE_TIMEOUT_MS: "60000" });
    const { sent, stored, peakBuffered, pausedS } = await overload(context, consumer);
    const recoveryS = await recover(context);
    const peakRss = memoryBytes(consumer.pid).peak;
    await context.recovered();
    const problems = await context.settle();
    await context.recovered();
    const judgement = await judge(context.pipeline, context.sent, "exact");
    problems.push(...judgement.problems);
    const times = sent / stored;
    if (times < TIMES_CAPACITY) problems.push(`the load was only ${times.toFixed(1)} times what was stored meanwhile`);
    if (pausedS === 0) problems.push("fetching was never paused");
    if (peakRss > MAX_RSS) problems.push(`the consumer took ${mib(peakRss)}, the limit is ${mib(MAX_RSS)}`);
    const rows: [string, string][] = [
      ["messages sent under overload", `${sent}, ${Math.round(sent / (config.MINUTES * 60))}/s`],
      ["stored meanwhile", `${stored}; the load was ${times.toFixed(1)} times that`],
      ["behind at its end", `${sent - stored} messages`],
      ["fetching paused", `${pausedS.toFixed(0)} s`],
      ["buffered at most", mib(peakBuffered)],
      ["consumer's peak memory", mib(peakRss)],
      ["back to real time after", `${recoveryS.toFixed(0)} s, ${Math.round((sent - stored) / recoveryS)} messages/s`],
      ["events, all told", `${judgement.events}, ${judgement.lost} lost, ${judgement.doubled} counted twice`],
      ["dead letters", String(judgement.deadLetters)],
    ];
    console.log(`\n${rows.map(([name, value]) => `${name.padEnd(30)} ${value}`).join("\n")}`);
    for (const problem of problems) console.log(`! ${problem}`);
    const ok = problems.length === 0 && judgement.lost === 0 && judgement.doubled === 0;
    console.log(`\n${ok ? 1 : 0} passed, ${ok ? 0 : 1} failed`);
    return ok ? 0 : 1;
  } finally {
    await context.stop();
  }
}

process.exitCode = await main();
process.exit();
