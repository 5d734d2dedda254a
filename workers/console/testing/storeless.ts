import type { Hono } from "hono";
import type { HealthChecks } from "../../shared/runtime/health-server.ts";
import { createLogger } from "../../shared/runtime/logger.ts";
import type { ConsoleConfig } from "../config.ts";
import { createConsole } from "../console.ts";
import { createConsoleMetrics } from "../metrics.ts";

/** The console without a store, for questions that need none. */
export function consoleWithoutStore(config: ConsoleConfig, checks: HealthChecks = { live: {}, ready: {} }): Hono {
  return createConsole(config, {
    readClient: {} as never,
    writeClient: {} as never,
    lag: () => undefined,
    metrics: createConsoleMetrics(),
    clock: { now: () => Date.now() },
    logger: createLogger({ name: "t", level: "silent" }),
    checks,
  });
}
