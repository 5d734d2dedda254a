import { join } from "node:path";
import { cpuSeconds } from "../testkit/process/process-stats.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import { type RunningWorker, startWorker } from "../testkit/worker.ts";
import { createProducerTopic } from "./producer-topic.ts";
import { runWrk } from "./wrk.ts";

/** One way of giving events to the producer. */
export type Scenario =
  | { readonly kind: "source"; readonly name: string; readonly args: readonly string[] }
  | { readonly kind: "http"; readonly name: string; readonly connections: number; readonly eventsPerRequest: number };

/** What all measurements share. */
export type Surroundings = {
  brokers: string;
  brokerPid: number;
  /** Events for HTTP requests, one a line. */
  eventsFile: string;
  /** How long requests are sent; a third as long before, unmeasured. */
  httpSeconds: number;
  /** Runs the producer from its source under Bun's profiler, which writes here. */
  profileDir?: string;
};

/** One scenario measured once. */
export type ProducerResult = {
  scenario: string;
  /** Acknowledged by Kafka while it was measured. */
  events: number;
  eventsPerS: number;
  /** User and system time of the producer's process, µs per acknowledged event. */
  cpuUsPerEvent: number;
  /** The same of the broker, which keeps one copy. */
  brokerCpuUsPerEvent: number;
  http?: { requestsPerS: number; p50Ms: number; p99Ms: number };
};

type Summary = { acknowledged: number; refused: number; unknown: number; unsent: number };

/**
 * Measures a scenario on topics of its own. @throws when something is refused, or what lies in the topic afterwards is
 * not exactly what was acknowledged, each event once.
 */
export async function measureProducer(scenario: Scenario, around: Surroundings): Promise<ProducerResult> {
  const name = `bench-${crypto.randomUUID().slice(0, 8)}`;
  const topic = await createProducerTopic(around.brokers, name);
  const args = scenario.kind === "source" ? scenario.args : ["http", "--port", "0"];
  const producer = start(around, scenario.name, args, { ...topic.env, HEALTH_PORT: "0" });
  try {
    const measured =
      scenario.kind === "source" ? await runSource(producer, around) : await load(producer, scenario, around);
    const { acknowledged, refused, unknown, unsent } = await summaryOf(producer);
    const { messages, distinct } = await topic.contents();
    const lost = refused + unknown + unsent;
    if (lost > 0 || messages !== acknowledged || distinct !== messages || acknowledged < measured.accepted) {
      const counts = { ...{ acknowledged, lost, messages, distinct }, accepted: measured.accepted };
      throw new Error(`${scenario.name}: the topic is not what was acknowledged: ${JSON.stringify(counts)}`);
    }
    return { ...measured.result, scenario: scenario.name };
  } finally {
    await producer.kill("SIGKILL");
    await topic.close();
  }
}

type Measured = { accepted: number; result: Omit<ProducerResult, "scenario"> };

/** From readiness to the end of the source: the producer is not warm at its start. */
async function runSource(producer: RunningWorker, around: Surroundings): Promise<Measured> {
  const brokerCpu = cpuSeconds(around.brokerPid);
  await producer.waitForLog(({ json }) => json.msg === "ready", { describe: "the producer" });
  const began = performance.now();
  if ((await producer.exited) !== 0) throw new Error(`the producer failed:\n${producer.logs.at(-1)?.text}`);
  const seconds = (performance.now() - began) / 1_000;
  const summary = await summaryOf(producer);
  const perEvent = (cpu: number) => (cpu / summary.acknowledged) * 1e6;
  return {
    accepted: summary.acknowledged,
    result: {
      events: summary.acknowledged,
      eventsPerS: summary.acknowledged / seconds,
      cpuUsPerEvent: summary.cpu_us_per_message,
      brokerCpuUsPerEvent: perEvent(cpuSeconds(around.brokerPid) - brokerCpu),
    },
  };
}

async function load(
  producer: RunningWorker,
  { connections, eventsPerRequest }: Extract<Scenario, { kind: "http" }>,
  around: Surroundings,
): Promise<Measured> {
  const ready = await producer.waitForLog(({ json }) => json.msg === "ready", { describe: "the ingest API" });
  const url = `http://127.0.0.1:${ready.json.http_port}/v1/events`;
  const { eventsFile, httpSeconds } = around;
  const wrk = (run: number, seconds: number) =>
    runWrk({ ...{ url, connections, eventsFile, eventsPerRequest }, run, seconds });
  const warm = await wrk(0, Math.max(1, Math.round(httpSeconds / 3)));
  const before = await usage(producer, around);
  const seen = await wrk(1, httpSeconds);
  const after = await usage(producer, around);
  for (const { refused, broken, timeouts } of [warm, seen]) {
    if (refused + broken + timeouts > 0) {
      throw new Error(`${refused} requests were refused, ${timeouts} unanswered, ${broken} connections broke`);
    }
  }
  const seconds = seen.duration_us / 1e6;
  const events = after.acknowledged - before.acknowledged;
  const perEvent = (cpu: number) => (cpu / events) * 1e6;
  return {
    accepted: warm.accepted + seen.accepted,
    result: {
      events,
      eventsPerS: seen.accepted / seconds,
      cpuUsPerEvent: perEvent(after.producer - before.producer),
      brokerCpuUsPerEvent: perEvent(after.broker - before.broker),
      http: { requestsPerS: seen.requests / seconds, p50Ms: seen.p50_us / 1_000, p99Ms: seen.p99_us / 1_000 },
    },
  };
}

type Usage = { acknowledged: number; producer: number; broker: number };

/** Counts and CPU seconds once nothing is under way: `wrk` leaves its last requests behind when its time is up. */
async function usage(producer: RunningWorker, { brokerPid }: Surroundings): Promise<Usage> {
  const url = `http://127.0.0.1:${producer.logs.find(({ json }) => json.health_port !== undefined)?.json.health_port}/metrics`;
  let last = -1;
  const settled = async () => {
    const text = await (await fetch(url)).text();
    const acknowledged = metric(text, 'settled_messages_total{kind="event",outcome="acknowledged"}');
    const idle = acknowledged === last && metric(text, "buffer_messages") === 0;
    last = acknowledged;
    return idle;
  };
  await waitFor(settled, { timeoutMs: 60_000, intervalMs: 100, describe: "the last requests to be answered" });
  return { acknowledged: last, producer: cpuSeconds(producer.pid), broker: cpuSeconds(brokerPid) };
}

/** @throws when the producer has no such metric. */
function metric(text: string, name: string): number {
  const line = text.split("\n").find((one) => one.startsWith(`countinghouse_producer_${name} `));
  if (line === undefined) throw new Error(`the producer has no metric ${name}`);
  return Number(line.slice(line.lastIndexOf(" ")));
}

/** Ends the producer in good order, if it still runs, and takes its own counts. @throws when it gave none. */
async function summaryOf(producer: RunningWorker): Promise<Summary & { cpu_us_per_message: number }> {
  await producer.kill("SIGTERM");
  const summary = producer.logs.findLast(({ json }) => json.msg === "summary")?.json;
  const number = (field: string) => {
    const value = summary?.[field];
    if (typeof value !== "number") throw new Error(`the producer logged no ${field}:\n${producer.logs.at(-1)?.text}`);
    return value;
  };
  return {
    acknowledged: number("acknowledged"),
    refused: number("refused"),
    unknown: number("unknown"),
    unsent: number("unsent"),
    cpu_us_per_message: number("cpu_us_per_message"),
  };
}

function start(around: Surroundings, name: string, args: readonly string[], env: Record<string, string>) {
  if (around.profileDir === undefined) return startWorker({ binary: "producer", args, env });
  const file = join(around.profileDir, `producer ${name}.cpuprofile`.replaceAll(/[^\w.]+/g, "-"));
  return startWorker({ entry: "workers/producer/main.ts", args, env: { ...env, BUN_OPTIONS: profileOptions(file) } });
}

const profileOptions = (file: string) =>
  `--cpu-prof --cpu-prof-dir=${join(file, "..")} --cpu-prof-name=${file.split("/").at(-1)}`;
