import { collectGarbageByVolume } from "../../../shared/runtime/garbage.ts";
import type { Component } from "../../../shared/runtime/lifecycle.ts";
import { listening } from "../../../shared/runtime/listening.ts";
import { sleep } from "../../../shared/runtime/sleep.ts";
import type { ProducerConfig } from "../../config.ts";
import { createIngestApp, type IngestDeps } from "./app.ts";

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
export function startHttpSource(config: ProducerConfig, deps: IngestDeps): Component & { port: number } {
  const app = createIngestApp(
    {
      apiKeys: config.API_KEYS,
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
  let draining = false;
  let underWay = 0;
  let idle: (() => void) | undefined;
  const serve = () =>
    Bun.serve({
      hostname: config.HTTP_HOST,
      port: config.HTTP_PORT,
      // The app itself answers what is too large; this bound is for what does not even say how large it is.
      maxRequestBodySize: config.HTTP_MAX_BODY_BYTES * 2,
      idleTimeout: Math.min(255, Math.ceil(config.HTTP_ACK_TIMEOUT_MS / 1000) + 10),
      fetch: async (request) => {
        if (draining) return shuttingDown();
        underWay++;
        try {
          return await app.fetch(request);
        } finally {
          if (--underWay === 0) idle?.();
        }
      },
    });
  const server = listening({ host: config.HTTP_HOST, port: config.HTTP_PORT, variable: "--port (HTTP_PORT)" }, serve);
  return {
    name: "http",
    port: server.port ?? config.HTTP_PORT,
    stop: async () => {
      draining = true;
      if (underWay > 0) {
        await new Promise<void>((resolve) => {
          idle = resolve;
        });
      }
      await Promise.race([server.stop(), sleep(LINGER_MS)]);
      await server.stop(true);
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
