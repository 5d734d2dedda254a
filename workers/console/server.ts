import type { Hono } from "hono";
import type { Component } from "../shared/runtime/lifecycle.ts";
import { listening } from "../shared/runtime/listening.ts";
import { sleep } from "../shared/runtime/sleep.ts";
import type { RequestInfo } from "./auth/attempts.ts";

/** How long answers under way may take when the console stops, ms. */
const DRAIN_MS = 5_000;

/** Serves the console. Port 0 picks a free one; `port` says which. @throws AppError `CANNOT_LISTEN` with the fix. */
export function startConsoleServer(
  config: { host: string; port: number; maxBodyBytes: number; idleSeconds: number },
  app: Hono,
): Component & { port: number } {
  const server = listening({ ...config, variable: "HTTP_PORT" }, () =>
    Bun.serve({
      hostname: config.host,
      port: config.port,
      // The app itself answers what is too large; this bound is for what does not even say how large it is.
      maxRequestBodySize: config.maxBodyBytes * 2,
      idleTimeout: Math.min(255, config.idleSeconds),
      fetch: (request, server) => {
        const info: RequestInfo = { address: server.requestIP(request)?.address };
        return app.fetch(request, info);
      },
    }),
  );
  return {
    name: "console",
    port: server.port ?? config.port,
    stop: async () => {
      await Promise.race([server.stop(), sleep(DRAIN_MS)]);
      await server.stop(true);
    },
  };
}
