/**
 * Tries other settings of the Kafka engine's table, in interleaved rounds, so that the peer of `make bench` is as fast as it
 * can be: `bun scripts/bench/kafka-engine-tune.ts` (TUNE_EVENTS, TUNE_ROUNDS). Prints CPU-µs per event, nothing is written.
 */
import { z } from "zod";
import { envInt, loadConfig } from "../../workers/shared/runtime/config.ts";
import { type DrainResult, measureDrain } from "./drain.ts";
import { kafkaEngineWith } from "./peers/kafka-engine.ts";
import { spread, totalCpu } from "./results.ts";
import { Stage } from "./stage.ts";
import { round } from "./targets.ts";
import { fillTopic } from "./topic-filler.ts";

const VARIANTS = {
  "as in make bench": {},
  "one consumer": { consumers: "1" },
  "three consumers": { consumers: "3" },
  "262,144 rows or 2 s": { block_rows: "262144", flush_ms: "2000" },
  "1,048,576 rows or 7.5 s": { block_rows: "1048576", flush_ms: "7500" },
} as const;

const config = loadConfig(
  z.object({
    TUNE_EVENTS: envInt(10_000, 100_000_000).prefault("1000000"),
    TUNE_ROUNDS: envInt(1, 100).prefault("3"),
  }),
  process.env,
);
const stage = await Stage.start();
try {
  const fill = { brokers: stage.broker.brokers, topic: "tune", meanBytes: 318, ratePerSecond: 10_000 };
  const topic = await fillTopic({ ...fill, messages: config.TUNE_EVENTS });
  const results = new Map<string, DrainResult[]>();
  const variants = Object.entries(VARIANTS);
  for (let i = 0; i < config.TUNE_ROUNDS; i++) {
    // Another order each round: a load that rises or falls must not favour those at one end.
    for (const [name, settings] of i % 2 === 0 ? variants : variants.toReversed()) {
      const result = await measureDrain(stage, kafkaEngineWith(settings), topic);
      results.set(name, [...(results.get(name) ?? []), result]);
      console.log(`  ${i + 1} ${name}: ${round(totalCpu(result))} CPU-µs/event, ${round(result.eventsPerS)} events/s`);
    }
  }
  for (const [name, runs] of results) {
    const { min, median, max } = spread(runs.map(totalCpu));
    console.log(`${name}: ${round(median)} CPU-µs/event (${round(min)} to ${round(max)})`);
  }
} finally {
  await stage.stop();
}
process.exit(0);
