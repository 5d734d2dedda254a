/**
 * `make bench-publish`: writes the figures of bench/results/latest.json into docs/performance.md and README.md, between
 * their markers, and draws docs/images/performance.svg. What stands outside the markers is left alone.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chart } from "./chart.ts";
import type { BenchResults, Ratios } from "./results.ts";
import { asMarkdown, tablesOf } from "./tables.ts";
import { round } from "./targets.ts";

const ROOT = join(import.meta.dir, "../..");
const LATEST = join(ROOT, "bench/results/latest.json");
const BEGIN = "<!-- benchmark: written by `make bench-publish` -->";
const END = "<!-- benchmark: end -->";

/** Replaces what stands between the markers; without any, the block follows the title. */
export function withBlock(text: string, block: string): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  const marked = `${BEGIN}\n${block.trim()}\n${END}`;
  if (from < 0 || to < from) {
    const [title = "", ...rest] = text.split("\n");
    return `${title}\n\n${marked}\n\n${rest.join("\n").trim()}`.trimEnd().concat("\n");
  }
  return text.slice(0, from) + marked + text.slice(to + END.length);
}

/** The block of docs/performance.md. */
export function performanceBlock(results: BenchResults): string {
  return `## Side by side

Measured by \`make bench\` on ${results.machine}, commit \`${results.commit}\`, ${results.date.slice(0, 10)}: every peer in
turn, ${results.runs} rounds, on the same topic of 6 partitions, the same events of all four sources (10 % late, 5 %
sent twice) and the same tables. Everything runs on that one machine: broker, engine, workers. Medians over the rounds.

![Throughput and CPU time per event](images/performance.svg)

${tablesOf(results).map(asMarkdown).join("\n")}
How it is counted:

- *events/s* is the rate from the first insert that was seen to the last one. Start-up is in the CPU time, not in the rate.
- *CPU-µs/event* is user and system time of the worker's process and the engine's, from the start of the peer until every
  event is stored and the minute and hour views show it; *until stored* leaves out what the views do afterwards. The
  broker's is apart. Merges that follow later are in none of them.
- Each run has an engine process of its own on empty data. *exact*: afterwards \`events\` and \`events_per_minute\` showed
  each event once. The tables see to that, for every peer, as long as nothing fails; only countinghouse validates payloads,
  keeps dead letters, and proves it.
- The Kafka engine runs in the same engine process and feeds the same table, so that the same marks, index and refreshed views
  follow: [kafka-engine.sql](../scripts/bench/peers/kafka-engine.sql). It neither validates payloads nor keeps unknown
  fields or broken messages.
- The Python pipeline is [pipeline.py](../bench/python/pipeline.py); it validates the envelope with pydantic.
- *MB* are 10⁶ bytes of message values.`;
}

/** The block of README.md: the medians that a decision needs, once; everything else is in docs/performance.md. */
export function readmeBlock({ ratios, event_bytes, large }: BenchResults): string {
  const pair = (name: string) => `${median(ratios, name)} (${median(large.ratios, name)})`;
  const sizes = `events of ${event_bytes} bytes (${large.event_bytes.toLocaleString("en-US")} bytes)`;
  return `| | beside ClickHouse's Kafka engine |
|---|---:|
| throughput, ${sizes} | ${pair("throughput_vs_kafka_engine")} |
| CPU per event, ${sizes} | ${pair("cpu_vs_kafka_engine")} |`;
}

const median = (ratios: Ratios, name: string) => (ratios[name] === undefined ? "–" : `${round(ratios[name].median)}×`);

async function rewrite(path: string, block: string, first: string): Promise<void> {
  const text = existsSync(path) ? await Bun.file(path).text() : first;
  await Bun.write(path, withBlock(text, block));
}

if (import.meta.main) {
  if (!existsSync(LATEST)) {
    console.error("bench/results/latest.json is missing: run `make bench` first");
    process.exit(1);
  }
  const results = (await Bun.file(LATEST).json()) as BenchResults;
  await Bun.write(join(ROOT, "docs/images/performance.svg"), chart(results));
  await rewrite(join(ROOT, "docs/performance.md"), performanceBlock(results), "# Performance\n");
  await rewrite(join(ROOT, "README.md"), readmeBlock(results), "");
  console.log("docs/performance.md, docs/images/performance.svg and README.md show bench/results/latest.json");
}
