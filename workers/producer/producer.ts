import { createKafkaClient } from "../shared/kafka/client.ts";
import { systemClock } from "../shared/runtime/clock.ts";
import { AppError } from "../shared/runtime/errors.ts";
import { type HealthCheck, type HealthChecks, startHealthServer } from "../shared/runtime/health-server.ts";
import type { Scope } from "../shared/runtime/lifecycle.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import type { ProducerConfig } from "./config.ts";
import { newInstanceId } from "./ledger/instance.ts";
import { createMetrics } from "./metrics.ts";
import { type Pipeline, startPipeline } from "./pipeline.ts";
import { startProgress } from "./progress.ts";
import type { Outgoing } from "./send/outgoing.ts";
import { countLines } from "./sources/file/lines.ts";
import { startHttpSource } from "./sources/http/server.ts";
import { configuredFile, configuredSimulation, configuredSimulator } from "./sources/index.ts";
import type { RunSource } from "./sources/source.ts";
import { createTally } from "./tally.ts";

const PROGRESS_MS = 5_000;

/**
 * Starts the configured producer. `finished` resolves when a bounded source is exhausted. Stopping the scope stops the
 * source, sends what is buffered, closes the ledger and logs the summary; it rejects with `NOT_ALL_ACKNOWLEDGED` when
 * something stayed unknown or unsent. Simulated events that are still held back then are dropped: nobody was promised them.
 */
export async function startProducer(
  config: ProducerConfig,
  deps: { logger: Logger; scope: Scope },
): Promise<{ finished?: Promise<void> }> {
  const { logger, scope } = deps;
  const clock = systemClock;
  const startedAtMs = clock.now();
  const instance = { instance: newInstanceId(startedAtMs), startedAtMs };
  const simulator = config.SOURCE === "simulator" ? configuredSimulator(config, instance) : undefined;
  const state: { pipeline?: Pipeline; ran: boolean; exhausted: boolean } = { ran: false, exhausted: false };
  const fill = () => state.pipeline?.queue.fill() ?? { events: 0, bytes: 0 };
  const held = () => simulator?.pending ?? 0;
  const metrics = createMetrics({ fill, held });
  const checks = checksOf(() => state.pipeline !== undefined);
  const health = scope.add(
    startHealthServer({ host: config.HEALTH_HOST, port: config.HEALTH_PORT }, { registry: metrics.registry, checks }),
  );
  logger.info({ source: config.SOURCE, health_port: health.port, instance: instance.instance }, "starting");

  const kafka = createKafkaClient(config, logger);
  scope.add(unlessStarted(() => state.pipeline !== undefined, { logger, startedAtMs }));
  const pipeline = await startPipeline(config, instance, { kafka, logger, clock, metrics, scope });
  // Its connections are being closed: `start` says that nothing was sent.
  if (scope.stopping) return {};
  state.pipeline = pipeline;
  const onSend = (message: Outgoing) => {
    metrics.produced.inc({ kind: message.kind });
    pipeline.tally.taken(message);
  };
  const ran = () => state.ran;
  const exhausted = () => state.exhausted;
  scope.add(finishing(config, pipeline, { logger, held, instance: instance.instance, startedAtMs, ran, exhausted }));
  const counts = () => pipeline.tally.counts();
  scope.add(startProgress({ intervalMs: PROGRESS_MS }, { logger, counts, buffered: () => fill().events, held }));

  if (config.SOURCE === "http") {
    const source = { queue: pipeline.queue, metrics, clock, logger, onSend, checks };
    const server = scope.add(await startHttpSource(config, source));
    logger.info({ http_port: server.port }, "ready");
    state.ran = true;
    return { finished: pipeline.failed };
  }
  const run =
    simulator !== undefined
      ? configuredSimulation(config, instance, { simulator, clock, onSend })
      : configuredFile(config, { clock, onSend });
  logger.info({ instance: instance.instance }, "ready");
  const finished = runSource(run, pipeline, scope, () => {
    state.exhausted = true;
  });
  state.ran = true;
  return {
    finished: finished.catch((error: unknown) => {
      state.ran = false;
      throw error;
    }),
  };
}

/** Says, when the start is given up, that nothing was sent. */
function unlessStarted(started: () => boolean, deps: { logger: Logger; startedAtMs: number }) {
  return {
    name: "start",
    stop: async () => {
      if (started()) return;
      const seconds = (systemClock.now() - deps.startedAtMs) / 1000;
      const counts = { ...createTally().counts(), seconds, complete: false };
      deps.logger.info(
        { ...counts, reason: "stopped while waiting for Kafka and its topics: nothing was sent" },
        "summary",
      );
      throw new AppError("NOTHING_SENT", "see the summary", { retry: false });
    },
  };
}

function checksOf(ready: () => boolean): HealthChecks {
  const kafka: HealthCheck = () =>
    ready() ? { ok: true } : { ok: false, detail: "not connected yet, or topics missing" };
  return { live: {}, ready: { kafka } };
}

/** Runs the source until it is exhausted or the scope stops; also rejects when sending fails for good. */
function runSource(run: RunSource, pipeline: Pipeline, scope: Scope, onExhausted: () => void): Promise<void> {
  const abort = new AbortController();
  const sink = { offer: pipeline.queue.offer, room: pipeline.queue.room };
  const running = run(sink, abort.signal).then(() => {
    if (!abort.signal.aborted) onExhausted();
  });
  let failed = false;
  running.catch(() => {
    failed = !abort.signal.aborted; // rejects through `finished`, or while stopping below
  });
  scope.add({
    name: "source",
    stop: async () => {
      abort.abort();
      if (!failed) await running;
    },
  });
  return Promise.race([running, pipeline.failed]);
}

/** The component that, when stopped, sends what is buffered, closes the ledger and logs the summary. */
function finishing(
  config: ProducerConfig,
  pipeline: Pipeline,
  deps: {
    logger: Logger;
    held: () => number;
    instance: string;
    startedAtMs: number;
    ran: () => boolean;
    exhausted: () => boolean;
  },
) {
  return {
    name: "pipeline",
    stop: async () => {
      const settled = await pipeline.finish(config.SHUTDOWN_GRACE_MS);
      const file = config.SOURCE === "file" ? await fileResult(config, pipeline, deps.exhausted()) : undefined;
      const complete = settled && deps.ran() && file?.complete !== false;
      const seconds = (systemClock.now() - deps.startedAtMs) / 1000;
      const { user, system } = process.cpuUsage();
      const counts = pipeline.tally.counts();
      const cpu_us_per_message = Math.round(((user + system) / Math.max(1, counts.acknowledged)) * 10) / 10;
      const run = { instance: deps.instance, seconds, cpu_us_per_message, held_dropped: deps.held() };
      const lines_left = file?.linesLeft;
      deps.logger.info({ ...counts, ...run, ...(file && { lines_left }), complete }, "summary");
      if (file?.complete === false) throw new AppError("NOT_ALL_SENT", "see the summary", { retry: false });
      if (!settled) throw new AppError("NOT_ALL_ACKNOWLEDGED", "see the summary", { retry: false });
    },
  };
}

/** How long to count the lines that were not sent, ms. */
const COUNT_MS = 5_000;

/**
 * Whether a file was sent and accepted to its last line, and how many lines were not taken from it; null when that cannot
 * be known, as of standard input.
 */
async function fileResult(config: ProducerConfig, pipeline: Pipeline, exhausted: boolean) {
  const { events, malformed, refused } = pipeline.tally.counts();
  if (exhausted) return { complete: refused === 0, linesLeft: 0 };
  const lines = await countLines(config.FILE_PATH ?? "-", AbortSignal.timeout(COUNT_MS)).catch(() => undefined);
  const linesLeft = lines === undefined ? null : Math.max(0, lines * config.FILE_REPEAT - events - malformed);
  return { complete: false, linesLeft };
}
