import { Hono } from "hono";
import { collectGarbageByVolume } from "../../../shared/runtime/garbage.ts";
import { closeServer, createNodeServer, listenAt } from "../../../shared/runtime/http/node-server.ts";
import type { Component } from "../../../shared/runtime/lifecycle.ts";
import type { ProducerConfig } from "../../config.ts";
import { createIngestApp, type IngestDeps } from "./app.ts";
import { allowOrigins } from "./origins.ts";

/** How long clients get to read their last answers, ms. */
const LINGER_MS = 1_000;
/** How long a body may take to arrive, ms: 4 MiB over a slow mobile network. */
const BODY_TIMEOUT_MS = 30_000;
/** Bodies that arrive together take at most this, or four of the largest, bytes. */
const ARRIVING_BYTES = 33_554_432;
/** Garbage is collected once per so many bytes of bodies: it would grow with the machine's memory, not the container's. */
const GARBAGE_BYTES = 33_554_432;

/**
 * Serves the ingest API. Stopping it refuses new requests with 503, waits for those under way (they end when Kafka
 * acknowledges or their time is up), then closes the connections.
 */
export async function startHttpSource(config: ProducerConfig, deps: IngestDeps): Promise<Component & { port: number }> {
  const app = createIngestApp(
    {
      apiKeys: config.API_KEYS,
      publicKeys: config.PUBLIC_API_KEYS,
      allowedOrigins: config.HTTP_ALLOWED_ORIGINS,
      maxBodyBytes: config.HTTP_MAX_BODY_BYTES,
      maxEventBytes: config.MAX_EVENT_BYTES,
      ackTimeoutMs: config.HTTP_ACK_TIMEOUT_MS,
      bodyTimeoutMs: BODY_TIMEOUT_MS,
      maxArrivingBytes: Math.max(ARRIVING_BYTES, 4 * config.HTTP_MAX_BODY_BYTES),
      ratePerSecond: config.HTTP_RATE_LIMIT,
      maxEvents: config.BUFFER_EVENTS,
    },
    { ...deps, onBody: collectGarbageByVolume(GARBAGE_BYTES) },
  );
  // With the headers that let a page read it, and so send again.
  const closing = new Hono().use(allowOrigins(config.HTTP_ALLOWED_ORIGINS)).all("*", () => shuttingDown());
  let draining = false;
  let underWay = 0;
  let idle: (() => void) | undefined;
  const server = createNodeServer(
    async (request, { body }) => {
      if (draining) return closing.fetch(request);
      underWay++;
      try {
        return await app.fetch(request, body === undefined ? {} : { body });
      } finally {
        if (--underWay === 0) idle?.();
      }
    },
    { keepAliveMs: config.HTTP_KEEP_ALIVE_SECONDS * 1000 },
  );
  const port = await listenAt(server, {
    host: config.HTTP_HOST,
    port: config.HTTP_PORT,
    variable: "--port (HTTP_PORT)",
  });
  return {
    name: "http",
    port,
    stop: async () => {
      draining = true;
      if (underWay > 0) {
        await new Promise<void>((resolve) => {
          idle = resolve;
        });
      }
      await closeServer(server, LINGER_MS);
    },
  };
}

function shuttingDown(): Response {
  const body = { type: "about:blank", title: "Shutting down", status: 503, detail: "send the request again" };
  return new Response(JSON.stringify(body), {
    status: 503,
    headers: { "content-type": "application/problem+json", "retry-after": "1", connection: "close" },
  });
}
