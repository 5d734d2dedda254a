import type { DrainResult } from "./drain.ts";
import type { Limits } from "./limits.ts";
import type { LiveResult } from "./live.ts";
import type { Profile } from "./profile.ts";
import type { BenchSettings } from "./settings.ts";

/** Least, middle and greatest of the runs. */
export type Spread = { min: number; median: number; max: number };

/** Medians over the runs. CPU in µs per message, memory in MiB, MB = 10^6 bytes of message values. */
export type PeerFigures = {
  events_per_s: number;
  mb_per_s: number;
  /** Worker and engine, user and system, until every event is stored and the views have settled. */
  cpu_us_per_event: number;
  /** Worker and engine until every event is stored. */
  cpu_us_per_event_stored: number;
  worker_cpu_us_per_event: number;
  engine_cpu_us_per_event: number;
  /** Apart: not in the sums above. */
  broker_cpu_us_per_event: number;
  /** Message bytes per CPU second of the worker alone; absent when there is none. */
  mb_per_worker_cpu_s?: number;
  /** Peaks of worker and engine together. */
  rss_mb: number;
  worker_rss_mb: number;
  engine_rss_mb: number;
  settle_s: number;
  /** Absent for tables without views. */
  rows_recomputed_per_event?: number;
  /** Every run ended with each event counted exactly once; absent for tables without views. */
  exact?: boolean;
};

/** Ratios within one round of interleaved runs, over all rounds. */
export type Ratios = Record<string, Spread>;

/** Everything measured with events of one size. */
export type SizeFigures = {
  event_bytes: number;
  messages: number;
  peers: Record<string, PeerFigures>;
  ratios: Ratios;
  limits: Limits;
  samples: DrainResult[];
};

/** bench/results/latest.json: the small events at the top, the large ones under `large`. */
export type BenchResults = {
  machine: string;
  commit: string;
  date: string;
  runs: number;
  settings: BenchSettings;
  large: SizeFigures;
  live: LiveResult[];
  memory?: { messages: number; worker_rss_mb: number };
  profile: Profile;
} & SizeFigures;

/** The rounds of one size: each holds one result of every peer. */
export function figuresOf(
  topic: { messages: number; bytes: number },
  rounds: readonly (readonly DrainResult[])[],
  limits: Limits,
): SizeFigures {
  const samples = rounds.flat();
  const names = [...new Set(samples.map(({ peer }) => peer))];
  const bytesPerEvent = topic.bytes / topic.messages;
  return {
    event_bytes: Math.round(bytesPerEvent),
    messages: topic.messages,
    peers: Object.fromEntries(names.map((name) => [name, peerFigures(samples, name, bytesPerEvent)])),
    ratios: ratiosOf(rounds),
    limits,
    samples,
  };
}

function peerFigures(samples: readonly DrainResult[], name: string, bytesPerEvent: number): PeerFigures {
  const own = samples.filter(({ peer }) => peer === name);
  const middle = (pick: (sample: DrainResult) => number) => spread(own.map(pick)).median;
  const worker = middle(({ cpuUs }) => cpuUs.settled.worker);
  return {
    events_per_s: middle(({ eventsPerS }) => eventsPerS),
    mb_per_s: middle(({ mbPerS }) => mbPerS),
    cpu_us_per_event: middle(totalCpu),
    cpu_us_per_event_stored: middle(({ cpuUs }) => cpuUs.stored.worker + cpuUs.stored.engine),
    worker_cpu_us_per_event: worker,
    engine_cpu_us_per_event: middle(({ cpuUs }) => cpuUs.settled.engine),
    broker_cpu_us_per_event: middle(({ cpuUs }) => cpuUs.settled.broker),
    ...(worker > 0 ? { mb_per_worker_cpu_s: bytesPerEvent / middle(({ cpuUs }) => cpuUs.stored.worker) } : {}),
    rss_mb: middle(totalMemory),
    worker_rss_mb: middle(({ rssMib }) => rssMib.worker),
    engine_rss_mb: middle(({ rssMib }) => rssMib.engine),
    settle_s: middle(({ settleS }) => settleS),
    ...(own.some(({ rowsRecomputed }) => rowsRecomputed === undefined)
      ? {}
      : { rows_recomputed_per_event: middle(({ rowsRecomputed }) => rowsRecomputed ?? 0) }),
    ...(own.some(({ exact }) => exact === undefined) ? {} : { exact: own.every(({ exact }) => exact) }),
  };
}

/** CPU time of worker and engine until the views have settled, µs per message. */
export function totalCpu({ cpuUs }: DrainResult): number {
  return cpuUs.settled.worker + cpuUs.settled.engine;
}

/** Peaks of worker and engine together, MiB. */
function totalMemory({ rssMib }: DrainResult): number {
  return rssMib.worker + rssMib.engine;
}

/** countinghouse against each peer; CPU against the hand-written pipeline as events per CPU second. */
export function ratiosOf(rounds: readonly (readonly DrainResult[])[]): Ratios {
  type Ratio = (ours: DrainResult, theirs: DrainResult) => number;
  const throughput: Ratio = (ours, theirs) => ours.eventsPerS / theirs.eventsPerS;
  const cpu: Ratio = (ours, theirs) => totalCpu(ours) / totalCpu(theirs);
  const against = (name: string, ratio: Ratio, own = "countinghouse") => {
    const values = rounds.flatMap((round) => {
      const ours = round.find(({ peer }) => peer === own);
      const theirs = round.find(({ peer }) => peer === name);
      return ours === undefined || theirs === undefined ? [] : [ratio(ours, theirs)];
    });
    return values.length === 0 ? undefined : spread(values);
  };
  const all: Record<string, Spread | undefined> = {
    throughput_vs_kafka_engine: against("kafka_engine", throughput),
    cpu_vs_kafka_engine: against("kafka_engine", cpu),
    memory_vs_kafka_engine: against("kafka_engine", (ours, theirs) => totalMemory(ours) / totalMemory(theirs)),
    small_throughput_vs_kafka_engine: against("kafka_engine", throughput, "countinghouse_small"),
    small_cpu_vs_kafka_engine: against("kafka_engine", cpu, "countinghouse_small"),
    throughput_vs_python: against("python", throughput),
    events_per_cpu_s_vs_python: against("python", (ours, theirs) => totalCpu(theirs) / totalCpu(ours)),
    events_per_worker_cpu_s_vs_python: against(
      "python",
      (ours, theirs) => theirs.cpuUs.settled.worker / ours.cpuUs.settled.worker,
    ),
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Least, middle (mean of the two for an even number) and greatest. @throws RangeError when there are none. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (min === undefined || max === undefined || upper === undefined || lower === undefined) {
    throw new RangeError("no values");
  }
  return { min, median: (lower + upper) / 2, max };
}
