import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { AppError, errorFields } from "../../shared/runtime/errors.ts";
import type { Logger } from "../../shared/runtime/logger.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import { createJudge } from "../audit/judge.ts";
import type { CliIo } from "../cli/io.ts";
import { type Services, withServices } from "../cli/services.ts";
import type { ContinuousMetrics } from "./metrics.ts";
import { FIRST_PACE, nextPace } from "./pace.ts";
import { readProgress, saveProgress } from "./progress.ts";
import { type Proof, provenUntilOf, proveStep, type StepOptions } from "./step.ts";

export type ContinuousOptions = Pick<StepOptions, "settleMs"> & {
  /** Shortest pause between two steps when nothing waits to be compared, ms. */
  pauseMs: number;
};

export type ContinuousDeps = {
  io: CliIo;
  logger: Logger;
  metrics: ContinuousMetrics;
  /** Saves the progress. */
  writer: ClickHouse;
};

/** After Kafka or ClickHouse did not answer, ms. */
const RETRY_MS = 5_000;

/**
 * The continuous audit, until the signal aborts: step after step, each followed by saving what is proven. A failure of
 * Kafka or ClickHouse throws away the step, and what follows starts from what is saved.
 */
export async function proveContinuously(options: ContinuousOptions, deps: ContinuousDeps): Promise<void> {
  const { io, logger, metrics } = deps;
  while (!io.signal.aborted) {
    try {
      await withServices(io, (services) => proveWith(services, options, deps), {
        // The verification beside it says the same, louder.
        onSlow: (text) => logger.debug(text),
      });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (io.signal.aborted) return;
      metrics.failures.inc({ code: error.code });
      logger.warn(errorFields(error), "continuous audit: step failed, trying again");
      await sleep(RETRY_MS, io.signal);
    }
  }
}

async function proveWith(services: Services, options: ContinuousOptions, deps: ContinuousDeps): Promise<void> {
  const { io, logger, metrics, writer } = deps;
  const topic = services.config.KAFKA_EVENTS_TOPIC;
  const judge = createJudge(services);
  const proof: Proof = { partitions: await readProgress(services.clickhouse, topic), suspects: new Map() };
  const told = new Set<string>();
  let pace = FIRST_PACE;
  while (!io.signal.aborted) {
    const sinceMs = performance.now();
    const report = await proveStep(services, judge, proof, { ...options, stepOffsets: pace.stepOffsets });
    await saveProgress(writer, topic, proof.partitions.values(), io.clock.now());
    for (const note of report.notes) logger.warn({ topic }, note);
    for (const { difference } of proof.partitions.values()) {
      if (difference === "" || told.has(difference)) continue;
      told.add(difference);
      logger.error({ topic, difference }, "topic and store differ; next: `ops verify --audit` names all of it");
    }
    metrics.show(proof.partitions.values(), report, provenUntilOf(proof.partitions.values()));
    pace = nextPace(pace, { ...report, tookMs: performance.now() - sinceMs }, options.pauseMs);
    await sleep(pace.pauseMs, io.signal);
  }
}
