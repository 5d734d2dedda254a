/**
 * `make proof-live`: how far the continuous audit lags behind a steady load, and what it costs beside storing: CPU-µs per
 * event of consumer and engine before `ops verify --watch` runs, and of the watch and the engine while it does. Exits 1
 * when the lag passes two minutes, the proof stands at a difference, or proving costs more than storing.
 */
import { z } from "zod";
import { envInt, loadConfig } from "../../workers/shared/runtime/config.ts";
import { cpuSeconds, describeMachine, memoryBytes, quantile } from "../testkit/process/process-stats.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import { type RunningWorker, startWorker } from "../testkit/worker.ts";
import { saveResult } from "./save-result.ts";
import { Stage, type Store } from "./stage.ts";
import { fillTopic } from "./topic-filler.ts";

const config = loadConfig(
  z.object({
    PROOF_MINUTES: envInt(1, 600).prefault("30"),
    PROOF_RATE: envInt(1, 100_000).prefault("5000"),
    /** Pause between two runs of verify beside the continuous audit; each reads the whole store. */
    PROOF_INTERVAL_S: envInt(1, 86_400).prefault("86400"),
  }),
  process.env,
);

const MAX_LAG_S = 120;
/** Load before anything is measured. */
const WARM_UP_MS = 20_000;
/** Storing alone is measured for so long, before and after. */
const ALONE_MS = 45_000;
const SAMPLE_MS = 5_000;

type Sample = {
  atS: number;
  behind: number;
  storedLagS: number;
  shownLagS: number;
  minutesOpen: number;
  different: number;
};
type Cost = { events: number; worker: number; engine: number };

const stage = await Stage.start();
let failed = true;
try {
  failed = !(await measure(await stage.store()));
} finally {
  await stage.stop();
}
process.exit(failed ? 1 : 0);

async function measure(store: Store): Promise<boolean> {
  const { PROOF_RATE: rate, PROOF_MINUTES: minutes } = config;
  const { topic } = await fillTopic({
    brokers: stage.broker.brokers,
    topic: "proof-live",
    messages: 0,
    meanBytes: 0,
    ratePerSecond: rate,
  });
  const env = {
    ...store.env,
    KAFKA_EVENTS_TOPIC: topic,
    KAFKA_DLQ_TOPIC: `${topic}.dlq`,
    KAFKA_LEDGER_TOPIC: `${topic}.ledger`,
  };
  console.log(`Machine: ${describeMachine()}\n${rate} events/s, storing alone for ${ALONE_MS / 1000} s first`);
  const consumer = startWorker({ binary: "consumer", env });
  const args = ["simulate", "--rate", String(rate), "--drain-held", "now"];
  const producer = startWorker({ binary: "producer", args, env: { ...env, SIM_DUPLICATE_SHARE: "0.05" } });
  await waitFor(async () => (await rowsStored(store)) > 0, { timeoutMs: 120_000, describe: "a stored event" });
  await Bun.sleep(WARM_UP_MS);
  const before = await costOf(store, consumer, () => Bun.sleep(ALONE_MS));
  show("storing, before", before);
  const watch = startWorker({
    binary: "ops",
    args: ["verify", "--watch", "--interval", `${config.PROOF_INTERVAL_S}s`],
    env,
  });
  // What was stored before the watch began is caught up with first.
  const samples: Sample[] = [];
  await sampleFor(store, 60_000, samples);
  samples.length = 0;
  const consumerBefore = cpuSeconds(consumer.pid);
  const proving = await costOf(store, watch, () => sampleFor(store, minutes * 60_000, samples));
  const consumerCost = ((cpuSeconds(consumer.pid) - consumerBefore) / proving.events) * 1e6;
  const peakMiB = Math.round(memoryBytes(watch.pid).peak / 1024 / 1024);
  show("watch and engine, both at work", proving);
  await watch.kill("SIGTERM");
  const after = await costOf(store, consumer, () => Bun.sleep(ALONE_MS));
  show("storing, after", after);
  await Promise.all([producer.kill("SIGKILL"), consumer.kill("SIGKILL")]);

  const storingEngine = (before.engine + after.engine) / 2;
  const storing = (before.worker + after.worker) / 2 + storingEngine;
  const engine = Math.max(0, proving.engine - storingEngine);
  const result = {
    machine: describeMachine(),
    minutes,
    ratePerSecond: Math.round(proving.events / (minutes * 60)),
    storingUsPerEvent: {
      consumer: (before.worker + after.worker) / 2,
      engine: storingEngine,
      consumerMeanwhile: consumerCost,
    },
    provingUsPerEvent: { watch: proving.worker, engine },
    ratio: (proving.worker + engine) / storing,
    lagS: {
      p50: quantile(
        samples.map(({ storedLagS }) => storedLagS),
        0.5,
      ),
      max: Math.max(...samples.map(({ storedLagS }) => storedLagS)),
      shownMax: Math.max(...samples.map(({ shownLagS }) => shownLagS)),
    },
    behindMax: Math.max(...samples.map(({ behind }) => behind)),
    watchPeakMiB: peakMiB,
    different: samples.some(({ different }) => different > 0),
  };
  await saveResult("proof-live", result);
  console.log(JSON.stringify(result, null, 2));
  return result.lagS.max <= MAX_LAG_S && result.ratio <= 1 && !result.different;
}

async function rowsStored(store: Store): Promise<number> {
  return Number((await store.one<{ n: string }>("SELECT sum(rows_marked) AS n FROM minute_marks")).n);
}

/** CPU-µs per event of a worker and of the engine while something runs. */
async function costOf(store: Store, worker: RunningWorker, during: () => Promise<unknown>): Promise<Cost> {
  const pid = store.engine.pid;
  if (pid === undefined) throw new Error("the engine has ended");
  const [rows, own, engine] = [await rowsStored(store), cpuSeconds(worker.pid), cpuSeconds(pid)];
  await during();
  const events = (await rowsStored(store)) - rows;
  const perEvent = (seconds: number) => (seconds / events) * 1e6;
  return { events, worker: perEvent(cpuSeconds(worker.pid) - own), engine: perEvent(cpuSeconds(pid) - engine) };
}

function show(what: string, { events, worker, engine }: Cost): void {
  console.log(`${what}: ${events} events, worker ${worker.toFixed(1)} + engine ${engine.toFixed(1)} CPU-µs/event`);
}

async function sampleFor(store: Store, durationMs: number, samples: Sample[]): Promise<void> {
  const startMs = performance.now();
  while (performance.now() - startMs < durationMs) {
    await Bun.sleep(SAMPLE_MS);
    const row = await store.one<Record<"stored" | "shown" | "open" | "different" | "behind", string | null>>(
      `SELECT dateDiff('millisecond', min(proven_until), now64(3)) AS stored, max(minutes_open) AS open,
         dateDiff('millisecond', min(minutes_proven_until), now64(3)) AS shown, countIf(difference != '') AS different,
         toInt64((SELECT sum(rows_marked) FROM minute_marks)) - sum(next_offset) AS behind
       FROM proof`,
    );
    const sample = {
      atS: Math.round((performance.now() - startMs) / 1000),
      behind: Number(row.behind),
      storedLagS: Number(row.stored ?? Number.NaN) / 1000,
      shownLagS: Number(row.shown ?? Number.NaN) / 1000,
      minutesOpen: Number(row.open),
      different: Number(row.different),
    };
    samples.push(sample);
    if (samples.length % 6 === 0 || durationMs < 120_000) console.log(JSON.stringify(sample));
  }
}
