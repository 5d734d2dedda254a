/**
 * `make bench-guard`: a small sample of `make bench` that fails when an event has become dearer. Compared is the CPU time
 * per event as a ratio to ClickHouse's Kafka engine, measured in turn on the same machine, with the ratio that
 * bench/guard.json holds: a slow or busy machine slows both. So that both also do the same work on a slow machine as on a
 * quick one, batches are cut by size and not by age, and the views are refreshed once, at the end. Exit code 1: the ratio is above the stored one by more than
 * the tolerance, twice. With `--store` the measured ratio becomes the stored one.
 */
import { join } from "node:path";
import { z } from "zod";
import { type DrainResult, measureDrain } from "./drain.ts";
import { countinghouseWith } from "./peers/countinghouse.ts";
import { kafkaEngineWith } from "./peers/kafka-engine.ts";
import { ratiosOf, type Spread } from "./results.ts";
import { Stage } from "./stage.ts";
import { round } from "./targets.ts";
import { type FilledTopic, fillTopic } from "./topic-filler.ts";

const FILE = join(import.meta.dir, "../../bench/guard.json");
const guardSchema = z.object({
  /** Size of the sample: the ratio depends on it, because start-up counts. */
  events: z.int().positive(),
  event_bytes: z.int().positive(),
  rounds: z.int().positive(),
  cpu_vs_kafka_engine: z.number().positive(),
  /** Share by which the measured ratio may exceed the stored one. */
  tolerance: z.number().positive(),
});

const OURS = countinghouseWith({ BATCH_MIN_AGE_MS: "5000", BATCH_MAX_AGE_MS: "5000" });
const THEIRS = kafkaEngineWith({ flush_ms: "5000" });

const guard = guardSchema.parse(await Bun.file(FILE).json());

async function measure(stage: Stage, topic: FilledTopic): Promise<DrainResult[][]> {
  const rounds: DrainResult[][] = [];
  for (let i = 0; i < guard.rounds; i++) {
    const results: DrainResult[] = [];
    for (const peer of i % 2 === 0 ? [OURS, THEIRS] : [THEIRS, OURS]) {
      results.push(await measureDrain(stage, peer, topic, { holdViews: true }));
    }
    rounds.push(results);
    for (const result of results) {
      const { worker, engine } = result.cpuUs.settled;
      console.log(`  ${i + 1} ${result.peer}: ${round(worker)} + ${round(engine)} CPU-µs/event, worker + engine`);
    }
    console.log(`  ${i + 1} ratio: ${round(ratioOf([results]).median)}`);
  }
  return rounds;
}

function ratioOf(rounds: readonly (readonly DrainResult[])[]): Spread {
  const ratio = ratiosOf(rounds).cpu_vs_kafka_engine;
  if (ratio === undefined) throw new Error("nothing was measured");
  return ratio;
}

const limit = guard.cpu_vs_kafka_engine * (1 + guard.tolerance);
console.log(`CPU per event against the Kafka engine: ${guard.events} events, ${guard.rounds} interleaved rounds`);
const stage = await Stage.start();
let failed = false;
try {
  const { events: messages, event_bytes: meanBytes } = guard;
  const fill = { brokers: stage.broker.brokers, topic: "guard", messages, meanBytes, ratePerSecond: 10_000 };
  const topic = await fillTopic(fill);
  let rounds = await measure(stage, topic);
  if (ratioOf(rounds).median > limit && !process.argv.includes("--store")) {
    console.log("  above the limit: measuring once more, all rounds count");
    rounds = [...rounds, ...(await measure(stage, topic))];
  }
  const { min, median, max } = ratioOf(rounds);
  const exact = rounds.flat().every((result) => result.exact);
  failed = median > limit || !exact;
  console.log(
    `Ratio ${round(median)} (${round(min)} to ${round(max)}); stored ${round(guard.cpu_vs_kafka_engine)}, limit ${round(limit)}`,
  );
  if (!exact) console.log("The counts were not exact.");
  if (process.argv.includes("--store")) {
    failed = false;
    await Bun.write(FILE, `${JSON.stringify({ ...guard, cpu_vs_kafka_engine: Number(median.toFixed(3)) }, null, 2)}\n`);
  } else if (failed && exact) {
    console.log(
      "An event costs more CPU than it did. `make bench` shows where; if it is meant to be so: bun scripts/bench/guard.ts --store",
    );
  }
} finally {
  await stage.stop();
}
console.log(failed ? "0 passed, 1 failed" : "1 passed, 0 failed");
process.exit(failed ? 1 : 0);
