import { cpuSeconds, memoryBytes } from "../testkit/process/process-stats.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import type { Peer, RunningPeer, Task } from "./peers/peer.ts";
import { UNSETTLED_SQL } from "./settled.ts";
import type { Stage, Store } from "./stage.ts";
import type { FilledTopic } from "./topic-filler.ts";

/** One peer draining one topic into a fresh store. */
export type DrainResult = {
  peer: string;
  /** Rate from the first insert that was seen to the last one: without start-up and joining the group. */
  eventsPerS: number;
  /** Message values per second at that rate, 10^6 bytes. */
  mbPerS: number;
  /** From the start of the peer to the last insert, start-up included, seconds. */
  wallS: number;
  /** From the last insert until minute and hour views show it, seconds. */
  settleS: number;
  /** CPU time of all processes since the start of the peer, µs per message. */
  cpuUs: {
    /** Until every message is stored. */
    stored: ProcessCpu;
    /** Until the views have settled as well. */
    settled: ProcessCpu;
  };
  /** Peak resident memory, MiB; the worker's is 0 when the peer lives in the engine. */
  rssMib: { worker: number; engine: number };
  /** Rows of all recomputations of minutes, for each message; absent for tables without views. */
  rowsRecomputed?: number;
  /** Whether `events` and `events_per_minute` show each event exactly once; absent for tables without views. */
  exact?: boolean;
};

/** How a drain may differ, and who is told of it. */
export type DrainOptions = {
  /**
   * The refreshed views stand still until everything is stored, then compute everything once: what they do no longer
   * depends on how long the drain takes.
   */
  holdViews?: boolean;
  /** The processes when they work, and the end, while they still run. */
  onStart?: (enginePid: number, workerPid: number | undefined) => void;
  onSettled?: () => void;
};

/** CPU time, µs per message. */
export type ProcessCpu = { worker: number; engine: number; broker: number };

const MARKS_SQL =
  "SELECT sum(rows_marked) AS rows, toUnixTimestamp64Milli(max(touched_at)) AS last_ms FROM minute_marks";
/** Asking costs the engine some ms of CPU: seldom enough to be below 2 % of a core. */
const POLL_MS = 200;
const TIMEOUT_MS = 900_000;
/** Without one more row for so long, a peer is stuck. */
const STALL_MS = 120_000;

/** Measures a peer on a fresh store. @throws when it does not store everything in 15 minutes, or ends. */
export async function measureDrain(
  stage: Stage,
  peer: Peer,
  topic: FilledTopic,
  options: DrainOptions = {},
): Promise<DrainResult> {
  const store = await stage.store();
  let running: RunningPeer | undefined;
  try {
    const task: Task = { store, topic };
    if (options.holdViews) await switchViews(store, "STOP");
    // Every computation stays, so that they can be counted: a row for each group, some hundred in all.
    await store.clickhouse.command("SYSTEM STOP MERGES events_per_minute_store");
    const meter = new CpuMeter(stage, store);
    const beganMs = Date.now();
    running = await peer.start(task);
    meter.workerPid = running.pid;
    options.onStart?.(meter.enginePid, running.pid);
    const { first, last } = await progress(store, peer, topic, meter);
    const stored = meter.perEvent(topic.messages);
    const plain = peer.progressSql !== undefined;
    if (options.holdViews) await switchViews(store, "START");
    if (!plain) await settle(store);
    const settled = plain ? stored : meter.perEvent(topic.messages);
    const settledMs = Date.now();
    options.onSettled?.();
    const eventsPerS = ((topic.messages - first.rows) / (last.ms - first.ms)) * 1_000;
    return {
      peer: peer.name,
      eventsPerS,
      mbPerS: (eventsPerS * topic.bytes) / topic.messages / 1e6,
      wallS: (last.ms - beganMs) / 1_000,
      settleS: plain ? 0 : (settledMs - last.ms) / 1_000,
      cpuUs: { stored, settled },
      rssMib: meter.peakMib(),
      ...(plain
        ? {}
        : { rowsRecomputed: (await recomputed(store)) / topic.messages, exact: await isExact(store, topic) }),
    };
  } finally {
    await running?.stop();
    await store.stop();
  }
}

type Progress = { rows: number; ms: number };

/** The first rows that were seen, and the end. */
async function progress(
  store: Store,
  peer: Peer,
  topic: FilledTopic,
  meter: CpuMeter,
): Promise<{ first: Progress; last: Progress }> {
  let first: Progress | undefined;
  let rows = 0;
  let grewAtMs = performance.now();
  const last = await waitFor(
    async () => {
      meter.assertAlive();
      const row = await store.one<{ rows: string; last_ms: string }>(peer.progressSql ?? MARKS_SQL);
      const seen = { rows: Number(row.rows), ms: Number(row.last_ms) || Date.now() };
      if (seen.rows > rows) grewAtMs = performance.now();
      else if (performance.now() - grewAtMs > STALL_MS) throw new Error(`${peer.name} is stuck at ${rows} rows`);
      rows = seen.rows;
      if (rows > 0) first ??= seen;
      return rows >= topic.messages ? seen : undefined;
    },
    { timeoutMs: TIMEOUT_MS, intervalMs: POLL_MS, describe: () => `${peer.name}: ${rows} of ${topic.messages} rows` },
  );
  // All in one insert: no rate can be told, so the whole time counts.
  const start = first !== undefined && first.rows < topic.messages ? first : { rows: 0, ms: meter.startedMs };
  return { first: start, last };
}

async function switchViews({ clickhouse }: Store, action: "START" | "STOP"): Promise<void> {
  for (const view of ["events_per_minute_refresh", "events_per_hour_refresh"]) {
    await clickhouse.command(`SYSTEM ${action} VIEW ${view}`);
  }
}

/** Waits until the views show everything. */
export async function settle(store: Pick<Store, "one">): Promise<void> {
  await waitFor(async () => (await store.one<{ n: string }>(UNSETTLED_SQL)).n === "0", {
    timeoutMs: TIMEOUT_MS,
    intervalMs: 250,
    describe: "the views to settle",
  });
}

async function recomputed(store: Store): Promise<number> {
  const { rows } = await store.one<{ rows: string }>(
    "SELECT sum(rows_marked) AS rows FROM events_per_minute_store WHERE source = '' AND event_type = ''",
  );
  return Number(rows);
}

async function isExact(store: Store, topic: FilledTopic): Promise<boolean> {
  const { stored, shown } = await store.one<{ stored: string; shown: string }>(
    "SELECT (SELECT count() FROM events) AS stored, (SELECT sum(events) FROM events_per_minute) AS shown",
  );
  return Number(stored) === topic.distinct && Number(shown) === topic.distinct;
}

/** CPU time and memory of worker, engine and broker since it was made. */
class CpuMeter {
  readonly startedMs = Date.now();
  workerPid: number | undefined;
  readonly enginePid: number;
  readonly #brokerPid: number;
  readonly #atStart: ProcessCpu;

  constructor(stage: Stage, store: Store) {
    const { pid: engine } = store.engine;
    const { pid: broker } = stage.broker;
    if (engine === undefined || broker === undefined) throw new Error("engine or broker does not run");
    this.enginePid = engine;
    this.#brokerPid = broker;
    this.#atStart = { worker: 0, engine: cpuSeconds(engine), broker: cpuSeconds(broker) };
  }

  /** @throws when the worker has ended. */
  assertAlive(): void {
    if (this.workerPid === undefined) return;
    try {
      cpuSeconds(this.workerPid);
    } catch (cause) {
      throw new Error("the peer's process has ended", { cause });
    }
  }

  perEvent(events: number): ProcessCpu {
    const perEvent = (seconds: number) => (seconds / events) * 1e6;
    return {
      worker: this.workerPid === undefined ? 0 : perEvent(cpuSeconds(this.workerPid)),
      engine: perEvent(cpuSeconds(this.enginePid) - this.#atStart.engine),
      broker: perEvent(cpuSeconds(this.#brokerPid) - this.#atStart.broker),
    };
  }

  peakMib(): { worker: number; engine: number } {
    const peak = (pid: number) => memoryBytes(pid).peak / 1_048_576;
    return { worker: this.workerPid === undefined ? 0 : peak(this.workerPid), engine: peak(this.enginePid) };
  }
}
