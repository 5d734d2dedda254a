import { createLogger } from "../../../../shared/runtime/logger.ts";
import { createMetrics } from "../../../metrics.ts";
import type { Outcome, Outgoing } from "../../../send/outgoing.ts";
import { createIngestApp, type IngestConfig } from "../app.ts";

/** All but the last digit of an event id. */
export const ID = "7f1d0000-0000-4000-8000-00000000000";
/** An event of the web source. */
export const event = (n: number, fields: object = {}) => ({
  event_id: `${ID}${n}`,
  user_id: "user123",
  event_type: "click",
  event_time: "2025-07-30T12:00:00Z",
  received_time: "2025-07-30T12:00:03Z",
  ...fields,
});

const ARRIVAL = { bodyTimeoutMs: 5_000, maxArrivingBytes: 1_000_000 };

/** The app before a buffer that settles as told; the real one is behind it in the integration test. */
export function setup(config: Partial<IngestConfig> = {}, fate: Outcome | "full" | "silent" = "acknowledged") {
  const taken: Outgoing[] = [];
  const offerAll = (messages: readonly Outgoing[]) => {
    if (fate === "full") return false;
    taken.push(...messages);
    if (fate !== "silent") for (const { settled } of messages) settled?.(fate);
    return true;
  };
  let now = 0;
  const metrics = createMetrics({ fill: () => ({ events: 0, bytes: 0 }), held: () => 0 });
  const app = createIngestApp(
    {
      maxBodyBytes: 10_000,
      maxEventBytes: 1_000,
      ackTimeoutMs: 50,
      ...ARRIVAL,
      ratePerSecond: 0,
      maxEvents: 100,
      ...config,
    },
    {
      queue: { offerAll },
      metrics,
      clock: { now: () => now },
      logger: createLogger({ name: "t", level: "silent" }),
      checks: { live: {}, ready: { kafka: () => ({ ok: false, detail: "not connected" }) } },
    },
  );
  const post = async (body: unknown, headers: Record<string, string> = {}) => {
    const bytes =
      typeof body === "string" ? body : body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
    const response = await app.request("/v1/events", { method: "POST", body: bytes, headers });
    const json = (await response.json()) as Record<string, unknown>;
    return { status: response.status, json, headers: response.headers };
  };
  return { app, post, taken, metrics, advance: (ms: number) => (now += ms) };
}
