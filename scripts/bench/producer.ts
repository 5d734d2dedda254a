/**
 * `make bench-producer`: what sending costs the producer (acks=all, idempotent, one broker): the simulator, a file, and
 * the ingest API under `wrk`. After each run the topic must hold what was acknowledged, each event once. Prints a table,
 * writes bench/results/producer.json. A measurement, not a test: it exits 1 only when something did not work.
 */
import { mkdirSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { createSimulator, SIMULATOR_DEFAULTS } from "../../workers/producer/sources/simulate/index.ts";
import { envBool, envInt, loadConfig } from "../../workers/shared/runtime/config.ts";
import { describeMachine } from "../testkit/process/process-stats.ts";
import { hotSpots } from "./cpu-profile.ts";
import { resizeTo } from "./event-size.ts";
import { measureProducer, type ProducerResult, type Scenario } from "./producer-scenarios.ts";
import { type Spread, spread } from "./results.ts";
import { Stage } from "./stage.ts";

const config = loadConfig(
  z.object({
    BENCH_RUNS: envInt(1, 100).prefault("3"),
    /** Of the simulator, and lines of the file. */
    BENCH_EVENTS: envInt(1_000, 100_000_000).prefault("300000"),
    BENCH_FILE_EVENTS: envInt(1_000, 10_000_000).prefault("60000"),
    BENCH_BYTES: envInt(291, 100_000).prefault("1600"),
    BENCH_HTTP_SECONDS: envInt(1, 600).prefault("4"),
    /** Part of a scenario's name: only those. */
    BENCH_SCENARIO: z.string().default(""),
    /** Runs from source under the profiler; figures are higher then. */
    BENCH_PROFILE: envBool().prefault("false"),
  }),
  process.env,
);
const RESULTS = join(import.meta.dir, "../../bench/results");

/** Events in requests are taken from so many. */
const POOL = 1_000;

/** Simulated events of the mean size, one a line. */
async function writeEvents(path: string, count: number): Promise<void> {
  const ratePerSecond = 1_000;
  const startTimeMs = Date.now() - (count / ratePerSecond) * 1_000;
  const identity = { seed: "bench", instanceId: "bench", startTimeMs, rhythm: { ratePerSecond } };
  const simulator = createSimulator({ ...SIMULATOR_DEFAULTS, ...identity, users: 10_000 });
  const resize = resizeTo(config.BENCH_BYTES);
  const file = Bun.file(path).writer();
  for (let i = 0; i < count; i++) {
    const send = simulator.next();
    if (send === undefined || typeof send.value !== "string") throw new RangeError("the simulator ended");
    file.write(`${resize(send.value, send.eventId)}\n`);
  }
  await file.end();
}

/** A rate that is never reached: the events of the past follow as fast as they are taken. */
const FLAT_OUT = "simulate --rate 1000000 --duplicate-share 0 --malformed-share 0 --drain-held now --users 10000".split(
  " ",
);

function scenarios(file: string): Scenario[] {
  const simulate = [...FLAT_OUT, "--count", String(config.BENCH_EVENTS)];
  const http = (eventsPerRequest: number) =>
    [1, 16, 64].map((connections): Scenario => {
      const what = eventsPerRequest === 1 ? "1 event" : `${eventsPerRequest} events`;
      return { kind: "http", name: `HTTP, ${what} a request, ${connections} at once`, connections, eventsPerRequest };
    });
  const all: Scenario[] = [
    { kind: "source", name: "simulator", args: simulate },
    { kind: "source", name: "simulator, zstd", args: [...simulate, "--compression", "zstd"] },
    { kind: "source", name: `file, ${config.BENCH_BYTES} bytes`, args: ["file", file] },
    ...http(1),
    ...http(100),
  ];
  return all.filter(({ name }) => name.includes(config.BENCH_SCENARIO));
}

async function measureAll(stage: Stage): Promise<ProducerResult[]> {
  const brokerPid = stage.broker.pid;
  if (brokerPid === undefined) throw new Error("the broker has ended");
  const eventsFile = join(stage.dir, "pool.jsonl");
  const file = join(stage.dir, "events.jsonl");
  await writeEvents(eventsFile, POOL);
  await writeEvents(file, config.BENCH_FILE_EVENTS);
  const around = { brokers: stage.broker.brokers, brokerPid, eventsFile, httpSeconds: config.BENCH_HTTP_SECONDS };
  const profiled = config.BENCH_PROFILE ? { ...around, profileDir: RESULTS } : around;
  const results: ProducerResult[] = [];
  for (let run = 1; run <= config.BENCH_RUNS; run++) {
    for (const scenario of scenarios(file)) {
      const result = await measureProducer(scenario, profiled);
      results.push(result);
      const { eventsPerS, cpuUsPerEvent } = result;
      console.log(
        `  ${run}/${config.BENCH_RUNS} ${scenario.name}: ${count(eventsPerS)} events/s, ${fine(cpuUsPerEvent)} CPU-µs/event`,
      );
    }
  }
  return results;
}

type Figures = {
  scenario: string;
  events_per_s: Spread;
  cpu_us_per_event: Spread;
  broker_cpu_us_per_event: Spread;
  /** What a core takes that does nothing else: the figure that survives a busy machine. */
  events_per_core_s: number;
  requests_per_s?: Spread;
  p50_ms?: Spread;
  p99_ms?: Spread;
};

function figuresOf(scenario: string, samples: readonly ProducerResult[]): Figures {
  const of = (value: (one: ProducerResult) => number) => spread(samples.map(value));
  const cpu = of((one) => one.cpuUsPerEvent);
  const http = samples.flatMap((one) => (one.http ? [one.http] : []));
  const ofHttp = (value: (one: NonNullable<ProducerResult["http"]>) => number) => spread(http.map(value));
  return {
    scenario,
    events_per_s: of((one) => one.eventsPerS),
    cpu_us_per_event: cpu,
    broker_cpu_us_per_event: of((one) => one.brokerCpuUsPerEvent),
    events_per_core_s: Math.round(1e6 / cpu.median),
    ...(http.length === 0
      ? {}
      : {
          requests_per_s: ofHttp((one) => one.requestsPerS),
          p50_ms: ofHttp((one) => one.p50Ms),
          p99_ms: ofHttp((one) => one.p99Ms),
        }),
  };
}

const count = (value: number) => Math.round(value).toLocaleString("en-US");
const fine = (value: number) => value.toFixed(value < 100 ? 1 : 0);

function print(figures: readonly Figures[]): void {
  const rows = figures.map((one) => ({
    scenario: one.scenario,
    "events/s": count(one.events_per_s.median),
    "CPU-µs/event (min–max)": `${fine(one.cpu_us_per_event.median)} (${fine(one.cpu_us_per_event.min)}–${fine(one.cpu_us_per_event.max)})`,
    "events/s a core": count(one.events_per_core_s),
    "broker CPU-µs": fine(one.broker_cpu_us_per_event.median),
    "requests/s": one.requests_per_s ? count(one.requests_per_s.median) : "",
    "p50 / p99 ms": one.p50_ms && one.p99_ms ? `${fine(one.p50_ms.median)} / ${fine(one.p99_ms.median)}` : "",
  }));
  console.log(Bun.inspect.table(rows));
}

mkdirSync(RESULTS, { recursive: true });
console.log(`Machine: ${describeMachine()}, load average ${fine(loadavg()[0] ?? 0)}`);
const stage = await Stage.start();
try {
  const samples = await measureAll(stage);
  const names = [...new Set(samples.map(({ scenario }) => scenario))];
  const figures = names.map((name) =>
    figuresOf(
      name,
      samples.filter(({ scenario }) => scenario === name),
    ),
  );
  print(figures);
  const machine = { machine: describeMachine(), load_average: loadavg()[0], date: new Date().toISOString() };
  await Bun.write(
    join(RESULTS, "producer.json"),
    `${JSON.stringify({ ...machine, settings: config, figures, samples }, null, 2)}\n`,
  );
  console.log("After every run the topic held exactly the events that were acknowledged, each once.");
  if (config.BENCH_PROFILE) {
    for (const path of new Bun.Glob("producer-*.cpuprofile").scanSync(RESULTS)) {
      console.log(`\n${path}`);
      console.log(
        Bun.inspect.table(
          hotSpots(await Bun.file(join(RESULTS, path)).json(), 20).map((spot) => ({
            function: spot.where,
            share: `${(spot.share * 100).toFixed(1)} %`,
          })),
        ),
      );
    }
  }
} finally {
  await stage.stop();
}
process.exit(0);
