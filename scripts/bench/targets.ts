import type { BenchResults } from "./results.ts";

/** A number to reach, and what was measured. */
export type Target = {
  name: string;
  /** As `≥ 2` or `≤ 500 ms`. */
  wanted: string;
  measured: string;
  met: boolean;
  /** By how much it is missed, empty when it is met. */
  miss: string;
};

type Rule = { name: string; atLeast?: number; atMost?: number; unit?: string; value: number | undefined };

/** The numbers to reach, judged; what was not measured is left out. */
export function judge(results: BenchResults): Target[] {
  const { large, ratios } = results;
  const live = results.live.find(({ peer }) => peer === "countinghouse");
  const rules: Rule[] = [
    {
      name: "Throughput against ClickHouse's Kafka engine",
      atLeast: 2.2,
      unit: "×",
      value: ratios.throughput_vs_kafka_engine?.median,
    },
    {
      name: "CPU per event against ClickHouse's Kafka engine",
      atMost: 0.4,
      unit: "×",
      value: ratios.cpu_vs_kafka_engine?.median,
    },
    {
      name: "Events per CPU second against the Python pipeline, engine included",
      atLeast: 5,
      unit: "×",
      value: ratios.events_per_cpu_s_vs_python?.median,
    },
    {
      name: "Events per CPU second against the Python pipeline, the consumers' processes alone",
      atLeast: 5,
      unit: "×",
      value: ratios.events_per_worker_cpu_s_vs_python?.median,
    },
    {
      name: `JSON per CPU second of the consumer at ${large.event_bytes} bytes`,
      atLeast: 100,
      unit: " MB/s",
      value: large.peers.countinghouse?.mb_per_worker_cpu_s,
    },
    {
      name: `Time to queryable at ${results.settings.BENCH_LIVE_RATE} events/s, p99`,
      atMost: 500,
      unit: " ms",
      value: live?.queryableMs.p99,
    },
    {
      name: `Exact minute view at ${results.settings.BENCH_LIVE_RATE} events/s, p99`,
      atMost: 1_500,
      unit: " ms",
      value: live?.minuteViewMs.p99,
    },
    {
      name: "Peak memory of consumer and engine against the Kafka engine's",
      atMost: 1,
      unit: "×",
      value: ratios.memory_vs_kafka_engine?.median,
    },
    {
      name: "Rows recomputed for each event while draining",
      atMost: 1.3,
      value: results.peers.countinghouse?.rows_recomputed_per_event,
    },
    {
      name: `Consumer's peak memory draining ${results.memory?.messages.toLocaleString("en-US")} events`,
      atMost: 400,
      unit: " MiB",
      value: results.memory?.worker_rss_mb,
    },
  ];
  return rules.flatMap((rule) => (rule.value === undefined ? [] : [judged(rule, rule.value)]));
}

function judged({ name, atLeast, atMost, unit = "" }: Rule, value: number): Target {
  const limit = atLeast ?? atMost ?? Number.NaN;
  const met = atLeast === undefined ? value <= limit : value >= limit;
  const sign = atLeast === undefined ? "≤" : "≥";
  const off = Math.abs(value - limit) / limit;
  return {
    name,
    wanted: `${sign} ${limit.toLocaleString("en-US")}${unit}`,
    measured: `${round(value)}${unit}`,
    met,
    miss: met ? "" : `by ${Math.ceil(off * 100)} %`,
  };
}

/** Three significant digits, with separators. */
export function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 2 });
}
