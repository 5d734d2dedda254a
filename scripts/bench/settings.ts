import { z } from "zod";
import { envInt, loadConfig } from "../../workers/shared/runtime/config.ts";

const shape = {
  /** Interleaved runs of every peer and size. */
  BENCH_RUNS: envInt(1, 100).prefault("5"),
  /** Messages of the topic of small events, and of the one of large events. */
  BENCH_EVENTS: envInt(10_000, 100_000_000).prefault("1000000"),
  BENCH_LARGE_EVENTS: envInt(10_000, 100_000_000).prefault("500000"),
  /** Messages that are drained once to see the consumer's memory; 0 leaves that out. */
  BENCH_MEMORY_EVENTS: envInt(0, 100_000_000).prefault("2000000"),
  /** Mean sizes of an event, bytes. */
  BENCH_SMALL_BYTES: envInt(291, 100_000).prefault("318"),
  BENCH_LARGE_BYTES: envInt(291, 100_000).prefault("1600"),
  /** How dense the events of a backlog lie in time, events per second. */
  BENCH_BACKLOG_RATE: envInt(100, 1_000_000).prefault("10000"),
  /** Live load while the time to queryable is measured, events per second, and for how long; 0 leaves that out. */
  BENCH_LIVE_RATE: envInt(1, 100_000).prefault("5000"),
  BENCH_LIVE_SECONDS: envInt(0, 3_600).prefault("30"),
} as const;

/** What the benchmark reads from its environment. */
export type BenchSettings = z.output<z.ZodObject<typeof shape>>;

/** @throws when a variable is no number of its range; all are named. */
export function benchSettings(env: Readonly<Record<string, string | undefined>> = process.env): BenchSettings {
  return loadConfig(z.object(shape), env);
}
