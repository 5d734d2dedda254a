import { z } from "zod";
import { clickhouseConfigShape } from "../shared/clickhouse/config.ts";
import { kafkaConfigShape } from "../shared/kafka/config.ts";
import { pipelineConfigShape } from "../shared/pipeline/config.ts";
import { envInt } from "../shared/runtime/config.ts";
import { workerConfigShape } from "../shared/runtime/worker-config.ts";
import { MIN_MEMORY_MB } from "./memory-budget.ts";

/** Everything the consumer reads from its environment. */
export const consumerConfigSchema = z.object({
  ...workerConfigShape,
  ...kafkaConfigShape,
  ...clickhouseConfigShape,
  ...pipelineConfigShape,
  KAFKA_SESSION_TIMEOUT_MS: envInt(6_000, 300_000)
    .prefault("15000")
    .describe("A consumer that is silent for this long loses its partitions, ms; three times its heartbeat at least"),
  KAFKA_REBALANCE_TIMEOUT_MS: envInt(6_000, 600_000)
    .prefault("60000")
    .describe("How long a rebalance waits for the members it knows, ms"),
  KAFKA_FETCH_MAX_WAIT_MS: envInt(10, 5_000)
    .prefault("100")
    .describe("How long a fetch waits for 64 KiB of messages, ms; adds to the latency of a quiet topic"),
  MEMORY_MB: envInt(MIN_MEMORY_MB, 65_536)
    .prefault("400")
    .describe(
      "Memory of the process, MiB: sizes of buffers, inserts and fetches follow from it. A container's limit should be a quarter higher",
    ),
  BATCH_MAX_ROWS: envInt(1, 1_000_000)
    .optional()
    .describe(
      "Rows that complete a batch, and the most of one insert; by default what MEMORY_MB allows, at most 160000",
    ),
  BATCH_MAX_BYTES: envInt(1_024, 268_435_456)
    .optional()
    .describe("Memory held for a batch that completes it, bytes; by default half of MAX_BUFFERED_BYTES"),
  BATCH_MIN_AGE_MS: envInt(1, 60_000)
    .prefault("200")
    .describe(
      "A batch waits this long for more while ClickHouse is quick, ms; longer, up to BATCH_MAX_AGE_MS, as it slows",
    ),
  BATCH_MAX_AGE_MS: envInt(1, 60_000)
    .prefault("400")
    .describe("A batch is inserted at the latest after this time, ms; under a backlog it may fill for 3 s"),
  MAX_BUFFERED_BYTES: envInt(1_048_576, 4_294_967_296)
    .optional()
    .describe(
      "Memory held for messages before fetching pauses, bytes; two complete batches should fit; by default MEMORY_MB less 176 MiB",
    ),
  LATE_AFTER_MS: envInt(0, 86_400_000)
    .prefault("20000")
    .describe("An event appended this long after it happened counts as late, ms"),
  DRAIN_TIMEOUT_MS: envInt(0, 600_000)
    .prefault("20000")
    .describe("On SIGTERM: time to store and commit what is buffered, ms"),
});

export type ConsumerConfig = z.output<typeof consumerConfigSchema>;

/** Kept apart from the time limits of the client: a sixth leaves room for lost heartbeats. */
export function heartbeatIntervalMs(config: Pick<ConsumerConfig, "KAFKA_SESSION_TIMEOUT_MS">): number {
  return Math.min(3_000, Math.floor(config.KAFKA_SESSION_TIMEOUT_MS / 6));
}
