import { CITED } from "./cited.ts";
import { countinghouse, countinghouseSmall } from "./peers/countinghouse.ts";
import { kafkaEngine, kafkaEngineBare } from "./peers/kafka-engine.ts";
import { python } from "./peers/python.ts";
import type { ThreadCost } from "./profile.ts";
import type { BenchResults, SizeFigures } from "./results.ts";
import { judge, round } from "./targets.ts";

/** A table: the first row is its head. */
export type Table = { title: string; rows: string[][] };

const TITLES: Readonly<Record<string, string>> = Object.fromEntries(
  [countinghouse, countinghouseSmall, kafkaEngine, python, kafkaEngineBare].map(({ name, title }) => [name, title]),
);

/** What readers call a peer. */
export function titleOf(peer: string): string {
  return TITLES[peer] ?? peer;
}

/** All tables of a report, in their order. */
export function tablesOf(results: BenchResults): Table[] {
  return [
    peersTable(results),
    peersTable(results.large),
    ratiosTable(results),
    liveTable(results),
    limitsTable(results),
    citedTable(),
    ...profileTables(results),
    targetsTable(results),
  ];
}

function peersTable({ event_bytes, messages, peers }: SizeFigures): Table {
  const head = [
    "",
    "events/s",
    "MB/s",
    "CPU-µs/event",
    "worker",
    "engine",
    "until stored",
    "broker, apart",
    "peak MiB: worker",
    "engine",
    "rows recomputed/event",
    "exact",
  ];
  const rows = Object.entries(peers).map(([name, peer]) => [
    titleOf(name),
    round(peer.events_per_s),
    round(peer.mb_per_s),
    round(peer.cpu_us_per_event),
    peer.worker_cpu_us_per_event === 0 ? "" : round(peer.worker_cpu_us_per_event),
    round(peer.engine_cpu_us_per_event),
    round(peer.cpu_us_per_event_stored),
    round(peer.broker_cpu_us_per_event),
    peer.worker_rss_mb === 0 ? "" : round(peer.worker_rss_mb),
    round(peer.engine_rss_mb),
    peer.rows_recomputed_per_event === undefined ? "" : round(peer.rows_recomputed_per_event),
    peer.exact === undefined ? "" : peer.exact ? "yes" : "NO",
  ]);
  return {
    title: `Draining ${messages.toLocaleString("en-US")} events of ${event_bytes} bytes`,
    rows: [head, ...rows],
  };
}

const RATIO_TITLES: Readonly<Record<string, string>> = {
  throughput_vs_kafka_engine: "throughput, countinghouse : Kafka engine",
  cpu_vs_kafka_engine: "CPU per event, countinghouse : Kafka engine",
  memory_vs_kafka_engine: "peak memory, worker and engine, countinghouse : Kafka engine",
  small_throughput_vs_kafka_engine: "throughput, given 224 MiB : Kafka engine",
  small_cpu_vs_kafka_engine: "CPU per event, given 224 MiB : Kafka engine",
  throughput_vs_python: "throughput, countinghouse : Python",
  events_per_cpu_s_vs_python: "events per CPU second, countinghouse : Python",
  events_per_worker_cpu_s_vs_python: "the same, consumer processes alone",
};

/** countinghouse against its peers. */
export function ratiosTable(results: BenchResults): Table {
  const rows = [results, results.large].flatMap(({ event_bytes, ratios }) =>
    Object.entries(ratios).map(([name, { min, median, max }]) => [
      `${RATIO_TITLES[name] ?? name} (${event_bytes} bytes)`,
      round(min),
      round(median),
      round(max),
    ]),
  );
  return {
    title: `Ratios within one round, ${results.runs} interleaved rounds`,
    rows: [["", "min", "median", "max"], ...rows],
  };
}

function liveTable({ live, settings }: BenchResults): Table {
  const head = ["", "queryable p50 ms", "p99 ms", "exact minute view p50 ms", "p99 ms", "CPU-µs/event", "probes"];
  const rows = live.map(({ peer, queryableMs, minuteViewMs, cpuUsPerEvent, probes }) => [
    titleOf(peer),
    round(queryableMs.p50),
    round(queryableMs.p99),
    round(minuteViewMs.p50),
    round(minuteViewMs.p99),
    round(cpuUsPerEvent),
    String(probes),
  ]);
  return {
    title: `Time to queryable at ${settings.BENCH_LIVE_RATE.toLocaleString("en-US")} events/s`,
    rows: [head, ...rows],
  };
}

function limitsTable(results: BenchResults): Table {
  const rows = [results, results.large].flatMap(({ event_bytes, limits }) => {
    const size = ` (${event_bytes} bytes)`;
    const { consumerPerf, insertPlain, insertPipeline } = limits;
    return [
      [
        `kafka-consumer-perf-test, messages thrown away${size}`,
        round(consumerPerf.eventsPerS),
        round(consumerPerf.cpuUsPerEvent),
      ],
      [
        `prepared Native file into a table without views${size}`,
        round(insertPlain.eventsPerS),
        round(insertPlain.cpuUsPerEvent),
      ],
      [
        `prepared Native file into the pipeline's tables, until settled${size}`,
        round(insertPipeline.eventsPerS),
        round(insertPipeline.cpuUsPerEvent),
      ],
    ];
  });
  return { title: "Limits: reading alone, storing alone", rows: [["", "events/s", "CPU-µs/event"], ...rows] };
}

function citedTable(): Table {
  const rows = CITED.map(({ system, eventsPerCpuS, conditions }) => [
    system,
    `≈ ${eventsPerCpuS.toLocaleString("en-US")}`,
    conditions,
  ]);
  return {
    title: "Published by others, not measured here (other machines, other data)",
    rows: [["", "events/s per core", "conditions"], ...rows],
  };
}

function profileTables({ profile, event_bytes }: BenchResults): Table[] {
  const threads = (title: string, costs: readonly ThreadCost[]): Table => ({
    title,
    rows: [["thread", "CPU-µs/event"], ...costs.map(({ name, cpuUsPerEvent }) => [name, round(cpuUsPerEvent)])],
  });
  const hot = profile.consumer.map(({ where, share }) => [where, `${(share * 100).toFixed(1)} %`]);
  return [
    threads(`Where the engine's CPU goes, by thread (${event_bytes} bytes)`, profile.engineThreads),
    threads(
      `Where the consumer's CPU goes, by thread (${event_bytes} bytes, under the profiler)`,
      profile.consumerThreads,
    ),
    {
      title: `The consumer's main thread by function, own time; whole profile: bench/results/${profile.file}`,
      rows: [["function", "share"], ...hot],
    },
  ];
}

/** What is reached, and what is missed by how much. */
export function targetsTable(results: BenchResults): Table {
  const rows = judge(results).map(({ name, wanted, measured, met, miss }) => [
    name,
    wanted,
    measured,
    met ? "met" : `missed ${miss}`,
  ]);
  return { title: "Numbers to reach", rows: [["", "wanted", "measured", ""], ...rows] };
}

/** For a terminal. */
export function asText({ title, rows }: Table): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return `${title}\n${rows.map((row) => `  ${line(row)}`).join("\n")}\n`;
}

/** For a page in Markdown. */
export function asMarkdown({ title, rows }: Table): string {
  const [head = [], ...body] = rows;
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  const rule = `|${head.map((_, column) => (column === 0 ? "---" : "---:")).join("|")}|`;
  return `**${title}**\n\n${[line(head), rule, ...body.map(line)].join("\n")}\n`;
}
