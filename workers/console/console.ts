import type { Hono } from "hono";
import type { ClickHouse } from "../shared/clickhouse/client.ts";
import type { Clock } from "../shared/runtime/clock.ts";
import type { HealthChecks } from "../shared/runtime/health-server.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { ATTEMPTS, createAttempts } from "./auth/attempts.ts";
import { createGuard } from "./auth/guard.ts";
import { createSessions, createTokenCheck } from "./auth/tokens.ts";
import type { ConsoleConfig } from "./config.ts";
import type { Lag } from "./data/lag.ts";
import { createReads } from "./data/reads.ts";
import { createReplayer } from "./data/replay.ts";
import { createStanding } from "./data/standing.ts";
import { createStoredCounts } from "./data/stored-counts.ts";
import { parsePublicUrl, underPath } from "./http/public-url.ts";
import type { ConsoleMetrics } from "./metrics.ts";
import { createConsoleApp } from "./pages/app.tsx";

/** What the console is made of besides its configuration. */
export type ConsoleDeps = {
  /** Of the user that may read. */
  readClient: Pick<ClickHouse, "query" | "stream">;
  /** Of the user that may write. */
  writeClient: Pick<ClickHouse, "insert">;
  lag: () => Lag | undefined;
  metrics: ConsoleMetrics;
  clock: Clock;
  logger: Logger;
  /** Answered on the console's port, too: many load balancers look at no other. */
  checks: HealthChecks;
};

/** Puts the console together; serves nothing yet. */
export function createConsole(config: ConsoleConfig, deps: ConsoleDeps): Hono {
  const { metrics, clock, logger, lag } = deps;
  const limits = { timeoutSeconds: config.QUERY_TIMEOUT_SECONDS, maxRows: config.QUERY_MAX_ROWS };
  const reads = createReads(deps.readClient, limits, metrics);
  const checkToken = createTokenCheck(config.CONSOLE_TOKEN);
  const sessions = createSessions(config.CONSOLE_TOKEN, clock);
  const access = { readAccess: config.readAccess, canWrite: config.CONSOLE_TOKEN !== undefined };
  const publicUrl = parsePublicUrl(config.CONSOLE_PUBLIC_URL);
  const app = createConsoleApp({
    config,
    publicUrl,
    reads,
    storedCounts: createStoredCounts(reads, clock),
    standing: createStanding(reads, { clock, lag }),
    writes: deps.writeClient,
    replay: createReplayer(config, { reads, writes: deps.writeClient, logger, metrics }),
    lag,
    limits: {
      freshnessWarn: config.FRESHNESS_WARN_SECONDS,
      freshnessBad: config.FRESHNESS_BAD_SECONDS,
      proofStale: config.PROOF_STALE_SECONDS,
    },
    guard: createGuard({ ...access, publicOrigin: publicUrl?.origin }, { checkToken, sessions, metrics }),
    sessions,
    checkToken,
    checkWebhook: createTokenCheck(config.CONSOLE_WEBHOOK_TOKEN ?? config.CONSOLE_TOKEN),
    attempts: createAttempts(ATTEMPTS, clock),
    metrics,
    clock,
    logger,
    checks: deps.checks,
  });
  return underPath(app, publicUrl?.path ?? "");
}
