import { cpuSeconds, quantile } from "../testkit/process/process-stats.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import { startWorker } from "../testkit/worker.ts";
import type { Peer, RunningPeer } from "./peers/peer.ts";
import { probeFreshness } from "./probe.ts";
import type { Stage } from "./stage.ts";
import { fillTopic } from "./topic-filler.ts";

/** Times to queryable under a steady load, ms, and what that load costs. */
export type LiveResult = {
  peer: string;
  queryableMs: { p50: number; p99: number };
  minuteViewMs: { p50: number; p99: number };
  probes: number;
  /** Worker and engine before the first probe, µs per event stored meanwhile. */
  cpuUsPerEvent: number;
};

const PROBE_EVERY_MS = 250;
/** Load before anything is measured, so that the peer has joined its group. */
const WARM_UP_MS = 5_000;
/** Load whose CPU time is measured, before the probes ask their questions. */
const CPU_WINDOW_MS = 10_000;

/** Runs producer and peer side by side at a steady rate and probes how soon SQL shows an event. */
export async function measureLive(
  stage: Stage,
  peer: Peer,
  options: { rate: number; seconds: number },
): Promise<LiveResult> {
  const topic = await fillTopic({
    brokers: stage.broker.brokers,
    topic: `live-${crypto.randomUUID().slice(0, 8)}`,
    messages: 0,
    meanBytes: 0,
    ratePerSecond: options.rate,
  });
  const store = await stage.store();
  const env = {
    ...store.env,
    KAFKA_EVENTS_TOPIC: topic.topic,
    KAFKA_DLQ_TOPIC: `${topic.topic}.dlq`,
    KAFKA_LEDGER_TOPIC: `${topic.topic}.ledger`,
  };
  let running: RunningPeer | undefined;
  const producer = startWorker({
    binary: "producer",
    args: ["simulate", "--rate", String(options.rate), "--drain-held", "now"],
    env: { ...env, SIM_DUPLICATE_SHARE: "0.05" },
  });
  try {
    running = await peer.start({ store, topic });
    const rows = async () =>
      Number((await store.one<{ n: string }>("SELECT sum(rows_marked) AS n FROM minute_marks")).n);
    await waitFor(async () => (await rows()) > 0, { timeoutMs: 120_000, describe: `${peer.name} to store something` });
    await Bun.sleep(WARM_UP_MS);
    const pids = [running.pid, store.engine.pid].filter((pid) => pid !== undefined);
    const cpu = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
    const [cpuBefore, rowsBefore] = [cpu(), await rows()];
    await Bun.sleep(CPU_WINDOW_MS);
    const cpuUsPerEvent = ((cpu() - cpuBefore) / ((await rows()) - rowsBefore)) * 1e6;
    const probes = Math.round((options.seconds * 1_000) / PROBE_EVERY_MS);
    const { queryableMs, minuteViewMs } = await probeFreshness(
      { env, one: (sql) => store.one(sql) },
      { probes, everyMs: PROBE_EVERY_MS },
    );
    const both = (sample: readonly number[]) => ({ p50: quantile(sample, 0.5), p99: quantile(sample, 0.99) });
    return { peer: peer.name, queryableMs: both(queryableMs), minuteViewMs: both(minuteViewMs), probes, cpuUsPerEvent };
  } finally {
    await producer.kill("SIGKILL");
    await running?.stop();
    await store.stop();
  }
}
