import type { Hono } from "hono";
import { streamOf } from "../shared/runtime/http/arriving-body.ts";
import { closeServer, createNodeServer, listenAt } from "../shared/runtime/http/node-server.ts";
import type { Component } from "../shared/runtime/lifecycle.ts";
import type { RequestInfo } from "./auth/attempts.ts";

/** How long answers under way may take when the console stops, ms. */
const DRAIN_MS = 5_000;
/** How long a body may take to arrive, ms. */
const BODY_TIMEOUT_MS = 30_000;

export type ConsoleServerConfig = {
  /** An IPv6 address may stand in brackets. */
  host: string;
  /** 0 picks a free one. */
  port: number;
  maxBodyBytes: number;
  /** An idle connection stays open for so long, ms. */
  keepAliveMs: number;
};

/** Serves the console; `port` says where. @throws AppError `CANNOT_LISTEN` with the fix. */
export async function startConsoleServer(
  config: ConsoleServerConfig,
  app: Hono,
): Promise<Component & { port: number }> {
  // The app itself answers what is too large; this bound is for what does not even say how large it is.
  const limits = { maxBytes: config.maxBodyBytes * 2, timeoutMs: BODY_TIMEOUT_MS };
  const server = createNodeServer(
    async (request, { body, address }) => {
      const info: RequestInfo = { address };
      const isRead = body !== undefined && request.method !== "GET" && request.method !== "HEAD";
      return app.fetch(isRead ? new Request(request, { body: streamOf(body, limits) }) : request, info);
    },
    { keepAliveMs: config.keepAliveMs, streamed: true },
  );
  const port = await listenAt(server, { ...config, variable: "HTTP_PORT" });
  return { name: "console", port, stop: () => closeServer(server, DRAIN_MS) };
}
