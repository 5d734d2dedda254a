import { z } from "zod";
import { envInt } from "../config.ts";

/** Variables of a worker that serves HTTP. */
export const listenConfigShape = {
  HTTP_HOST: z.string().default("127.0.0.1").describe("Address on which the HTTP API, or the console, listens"),
  HTTP_KEEP_ALIVE_SECONDS: envInt(1, 3_600)
    .prefault("75")
    .describe("An idle connection stays open this long; longer than the load balancer's own limit (often 60)"),
};

/** True for an address only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
