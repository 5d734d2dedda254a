import { createClickHouse } from "../shared/clickhouse/client.ts";
import { asWriteUser } from "../shared/clickhouse/config.ts";
import { buildInfo } from "../shared/runtime/build-info.ts";
import { systemClock } from "../shared/runtime/clock.ts";
import { type HealthChecks, startHealthServer } from "../shared/runtime/health-server.ts";
import { runWorker, type Scope } from "../shared/runtime/lifecycle.ts";
import { createLogger, type Logger } from "../shared/runtime/logger.ts";
import { configOrExit, runWorkerCli } from "../shared/runtime/worker-cli.ts";
import { MAX_BODY_BYTES } from "./api/actions.ts";
import { type ConsoleConfig, consoleConfigSchema, loadConsoleConfig } from "./config.ts";
import { createConsole } from "./console.ts";
import { startLagWatch } from "./data/lag.ts";
import { sayWhatIsUnreachable } from "./data/reach.ts";
import { createConsoleMetrics } from "./metrics.ts";
import { startConsoleServer } from "./server.ts";
import { startStoreCheck } from "./startup.ts";

async function start(config: ConsoleConfig, logger: Logger, scope: Scope) {
  const metrics = createConsoleMetrics();
  const readClient = createClickHouse(config);
  scope.add({ name: "clickhouse", stop: () => readClient.close() });
  const writeClient = createClickHouse(asWriteUser(config));
  scope.add({ name: "clickhouse-write", stop: () => writeClient.close() });
  const reach = sayWhatIsUnreachable(config, { clickhouse: readClient, logger });
  reach.catch(() => undefined); // rejects through `finished`
  const lag = scope.add(startLagWatch(config, { logger, clock: systemClock }));

  const checks: HealthChecks = { live: {}, ready: {} };
  checks.ready.store = () => ({ ok: false, detail: "waiting for someone to fix what the log names" });
  const health = scope.add(
    startHealthServer({ host: config.HEALTH_HOST, port: config.HEALTH_PORT }, { registry: metrics.registry, checks }),
  );
  logger.info({ ...buildInfo, health_port: health.port }, "console starting");
  // Ready also without ClickHouse: the page is where an operator learns that it is down.
  const store = scope.add(startStoreCheck(config, { clickhouse: readClient, logger }));
  await store.started;
  delete checks.ready.store;

  const app = createConsole(config, {
    readClient,
    writeClient,
    lag: lag.current,
    metrics,
    clock: systemClock,
    logger,
    checks,
  });
  const server = scope.add(
    await startConsoleServer(
      {
        host: config.HTTP_HOST,
        port: config.HTTP_PORT,
        maxBodyBytes: MAX_BODY_BYTES,
        keepAliveMs: config.HTTP_KEEP_ALIVE_SECONDS * 1000,
      },
      app,
    ),
  );
  const { readAccess } = config;
  logger.info(
    { ...buildInfo, http_host: config.HTTP_HOST, http_port: server.port, health_port: health.port, readAccess },
    "console ready",
  );
  if (config.CONSOLE_TOKEN === undefined) logger.warn("CONSOLE_TOKEN is not set: nothing can be changed");
  return { finished: Promise.race([lag.finished, store.finished, reach.then(() => lag.finished)]) };
}

runWorkerCli({
  name: "console",
  description: "Serves the web page and JSON API for figures, dead letters, verification and alerts.",
  examples: [
    "CLICKHOUSE_URL=http://127.0.0.1:18123 CONSOLE_TOKEN=$(openssl rand -hex 24) console",
    "HTTP_PORT=8090 console",
  ],
  schema: consoleConfigSchema,
});
const config = configOrExit(() => loadConsoleConfig(process.env));
const logger = createLogger({ name: "console", level: config.LOG_LEVEL });
await runWorker(logger, (scope) => start(config, logger, scope));
