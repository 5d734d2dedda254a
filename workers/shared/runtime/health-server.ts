import { type Env, Hono } from "hono";
import type { Registry } from "prom-client";
import type { Component } from "./lifecycle.ts";
import { listening } from "./listening.ts";

/** One named condition of readiness or liveness; `detail` says what is wrong. */
export type HealthCheck = () => { ok: true } | { ok: false; detail: string };

export type HealthChecks = {
  /** Failing means: restart me. Only for states a restart fixes. */
  live: Record<string, HealthCheck>;
  /** Failing means: do not send me work yet. */
  ready: Record<string, HealthCheck>;
};

/** Adds `/livez` and `/readyz` to an app, without any credential. */
export function addHealthRoutes<E extends Env>(app: Hono<E>, checks: HealthChecks): void {
  const answer = (group: Record<string, HealthCheck>) => {
    const failed = Object.entries(group).flatMap(([name, check]) => {
      const result = check();
      return result.ok ? [] : [{ name, detail: result.detail }];
    });
    return { ok: failed.length === 0, failed };
  };
  app.get("/livez", (c) => {
    const result = answer(checks.live);
    return c.json(result, result.ok ? 200 : 503);
  });
  app.get("/readyz", (c) => {
    const result = answer(checks.ready);
    return c.json(result, result.ok ? 200 : 503);
  });
}

/** The health and metrics routes as a Hono app; testable without a port. */
export function createHealthApp(registry: Registry, checks: HealthChecks): Hono {
  const app = new Hono();
  addHealthRoutes(app, checks);
  app.get("/metrics", async (c) => c.body(await registry.metrics(), 200, { "content-type": registry.contentType }));
  return app;
}

/**
 * Serves the health app on its own port, apart from any business API, so that probes and scrapes keep working when
 * the API is saturated. Port 0 picks a free one; `port` says which.
 */
export function startHealthServer(
  config: { host: string; port: number },
  deps: { registry: Registry; checks: HealthChecks },
): Component & { port: number } {
  const app = createHealthApp(deps.registry, deps.checks);
  const server = listening({ ...config, variable: "HEALTH_PORT" }, () =>
    Bun.serve({ hostname: config.host, port: config.port, fetch: app.fetch }),
  );
  return {
    name: "health-server",
    port: server.port ?? config.port,
    stop: async () => {
      await server.stop(true);
    },
  };
}
