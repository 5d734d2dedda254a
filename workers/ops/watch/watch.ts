import { type ClickHouse, createClickHouse } from "../../shared/clickhouse/client.ts";
import { asWriteUser } from "../../shared/clickhouse/config.ts";
import { whereClickHouse } from "../../shared/clickhouse/reachable.ts";
import { kafkaConfigProblems } from "../../shared/kafka/config.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import { AppError, errorFields } from "../../shared/runtime/errors.ts";
import { type HealthChecks, startHealthServer } from "../../shared/runtime/health-server.ts";
import { createLogger, type Logger } from "../../shared/runtime/logger.ts";
import { sayIfSlow } from "../../shared/runtime/say-if-slow.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import { audit } from "../audit/run.ts";
import { EXIT, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { type Services, withServices } from "../cli/services.ts";
import { proveContinuously } from "../continuous/loop.ts";
import { createContinuousMetrics } from "../continuous/metrics.ts";
import { timingOf, verify } from "../verify/run.ts";
import { END_OF_TIME_S } from "../verify/windows.ts";
import { watchConfigSchema } from "./config.ts";
import { readLatestRuns, recordRun } from "./history.ts";
import { createWatchMetrics, showFacts, showRun, type WatchMetrics } from "./metrics.ts";
import { addStoreMetrics } from "./store-metrics.ts";
import { summarizeAudit, summarizeVerify } from "./summary.ts";

export type WatchOptions = {
  /** From the end of a run to the start of the next, ms. */
  intervalMs: number;
  /** Pause between two steps of the continuous audit, ms; 0: none runs. */
  continuousMs: number;
  /** Age of the last audit that makes the next one due, ms; 0: never. */
  auditEveryMs: number;
  /** Compare only event minutes younger than this, ms; undefined: all. */
  windowMs: number | undefined;
  waitMs: number;
  settleMs: number;
  allowUnseen: boolean;
  tempDir: string | undefined;
};

type Kind = "verify" | "audit";
type Deps = { io: CliIo; logger: Logger; metrics: WatchMetrics; writer: ClickHouse };

/** An answer that takes longer is said to be waited for, ms. */
const SLOW_MS = 3_000;

/** A run that takes this much longer than it may wait is stuck; reading a whole topic takes long by right. */
const STUCK_AFTER_MS: Record<Kind, number> = { verify: 15 * 60_000, audit: 6 * 3_600_000 };

/**
 * `ops verify --watch`: proves again and again until it is told to stop, and shows the result as metrics and as rows of
 * verification_runs. A run that fails because Kafka or ClickHouse does not answer is counted, and the next one follows
 * after the interval; connections are made anew for each run, so nothing outlives a failure.
 */
export async function watch(io: CliIo, options: WatchOptions): Promise<ExitCode> {
  const config = loadConfig(watchConfigSchema, io.env, kafkaConfigProblems);
  const logger = createLogger({ name: "verify", level: config.LOG_LEVEL });
  const metrics = createWatchMetrics();
  const reader = createClickHouse(config);
  const writer = createClickHouse(asWriteUser(config));
  addStoreMetrics(metrics.registry, { clickhouse: reader, clock: io.clock });
  const state: LoopState = {
    lastAuditMs: Number.NEGATIVE_INFINITY,
    failing: "no run has ended yet",
    running: undefined,
  };
  const health = startHealthServer(
    { host: config.HEALTH_HOST, port: config.HEALTH_PORT },
    { registry: metrics.registry, checks: checksOf(state, options, io) },
  );
  logger.info({ health_port: health.port, interval_ms: options.intervalMs }, "watching");
  try {
    await sayIfSlow(restore(reader, { metrics, state, logger }), SLOW_MS, () =>
      logger.warn(`${whereClickHouse(config)} is slow to answer, waiting`),
    );
    const deps = { io: quiet(io, logger), logger, metrics, writer };
    const pauseMs = options.continuousMs;
    const continuous = { ...deps, metrics: createContinuousMetrics(metrics.registry) };
    await Promise.all([
      loop(state, options, deps),
      ...(pauseMs > 0 ? [proveContinuously({ pauseMs, settleMs: options.settleMs }, continuous)] : []),
    ]);
    logger.info("stopped");
    return EXIT.ok;
  } finally {
    await Promise.allSettled([health.stop(), reader.close(), writer.close()]);
  }
}

type LoopState = {
  lastAuditMs: number;
  /** Why the last run came to no verdict. */
  failing: string | undefined;
  running: { kind: Kind; sinceMs: number } | undefined;
};

async function loop(state: LoopState, options: WatchOptions, deps: Deps): Promise<void> {
  const { io } = deps;
  while (!io.signal.aborted) {
    await run("verify", state, options, deps);
    const due = options.auditEveryMs > 0 && io.clock.now() - state.lastAuditMs >= options.auditEveryMs;
    if (due && !io.signal.aborted) await run("audit", state, options, deps);
    await sleep(options.intervalMs, io.signal);
  }
}

/** One run with its row and metrics. Failures of Kafka and ClickHouse end the run, not the loop. */
async function run(kind: Kind, state: LoopState, options: WatchOptions, deps: Deps): Promise<void> {
  const { io, logger, metrics, writer } = deps;
  const sinceMs = io.clock.now();
  state.running = { kind, sinceMs };
  if (kind === "audit") state.lastAuditMs = sinceMs;
  try {
    const found = await withServices(io, (services) => prove(kind, services, options), {
      onSlow: (text) => logger.warn({ kind }, text),
    });
    // What was cut short says nothing.
    if (io.signal.aborted) return;
    const row = { ...found.run, runId: crypto.randomUUID(), durationMs: io.clock.now() - sinceMs };
    showRun(metrics, row);
    showFacts(metrics, found.facts);
    metrics.runs.inc({ kind, verdict: row.verdict });
    state.failing = undefined;
    const { detailsJson: _, ...summary } = row;
    logger[row.verdict === "different" ? "error" : "info"](summary, "run ended");
    await recordRun(writer, row).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      metrics.recordFailures.inc({ code: error.code });
      logger.warn(errorFields(error), "the run could not be recorded");
    });
  } catch (error) {
    if (io.signal.aborted) return;
    if (!(error instanceof AppError)) throw error;
    metrics.failures.inc({ kind, code: error.code });
    state.failing = `${kind}: ${error.code}`;
    if (kind === "audit") state.lastAuditMs -= options.auditEveryMs - retryDelayMs(options);
    logger.warn({ kind, ...errorFields(error) }, "run failed");
  } finally {
    state.running = undefined;
  }
}

/** An audit that failed is tried again sooner than the next is due, but does not follow every verification. */
const retryDelayMs = ({ auditEveryMs, intervalMs }: WatchOptions) => Math.min(auditEveryMs, 10 * intervalMs);

async function prove(kind: Kind, services: Services, options: WatchOptions) {
  const { waitMs, allowUnseen, tempDir } = options;
  if (kind === "audit") return summarizeAudit(await audit(services, { waitMs, allowUnseen, tempDir }));
  const from =
    options.windowMs === undefined ? 0 : Math.floor((services.io.clock.now() - options.windowMs) / 60_000) * 60;
  const window = { from: Math.max(0, from), to: END_OF_TIME_S };
  return summarizeVerify(await verify(services, { window, waitMs, all: false, timing: timingOf(options.settleMs) }));
}

/** Shows what an earlier process found last. Without an answer the watch starts from nothing. */
async function restore(
  clickhouse: ClickHouse,
  { metrics, state, logger }: { metrics: WatchMetrics; state: LoopState; logger: Logger },
): Promise<void> {
  try {
    for (const recorded of await readLatestRuns(clickhouse)) {
      showRun(metrics, recorded);
      if (recorded.kind === "audit") state.lastAuditMs = recorded.runAtMs;
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    logger.warn(errorFields(error), "earlier runs could not be read");
  }
}

function checksOf(state: LoopState, options: WatchOptions, io: CliIo): HealthChecks {
  return {
    live: {
      progress: () => {
        if (state.running === undefined) return { ok: true };
        const { kind, sinceMs } = state.running;
        const seconds = Math.round((io.clock.now() - sinceMs) / 1000);
        const stuck = io.clock.now() - sinceMs > options.waitMs + STUCK_AFTER_MS[kind];
        return stuck ? { ok: false, detail: `${kind} has been running for ${seconds} s` } : { ok: true };
      },
    },
    ready: {
      runs: () => (state.failing === undefined ? { ok: true } : { ok: false, detail: state.failing }),
    },
  };
}

/** A service has a log instead of a terminal. */
function quiet(io: CliIo, logger: Logger): CliIo {
  return { ...io, out: () => undefined, err: (text) => logger.debug(text) };
}
