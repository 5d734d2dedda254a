import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import {
  encodeReceivedAlerts,
  RECEIVED_ALERTS_COLUMNS,
  RECEIVED_ALERTS_TABLE,
} from "../../shared/clickhouse/tables/received-alerts.ts";
import { bearerToken } from "../../shared/runtime/api-keys.ts";
import { toReceivedAlerts, type WebhookBody, webhookSchema } from "../data/alerts.ts";
import { problemResponse } from "../http/problem.ts";
import { time } from "../http/query.ts";
import type { Services } from "../services.ts";
import { PROBLEMS } from "./define.ts";
import { iso, letterRow, letterSchema } from "./rows.ts";

/** Largest body of a request that changes something, bytes. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;
export const MAX_REPLAYS = 500;

const keySchema = z.object({
  topic: z.string().min(1).max(249),
  partition: z.int().min(0),
  offset: z.int().min(0),
  append_time: time(),
  payload_hash: z.string().regex(/^\d{1,20}$/),
});

const replaySchema = z
  .object({
    letters: z.array(keySchema).min(1).max(MAX_REPLAYS).openapi({ description: "as the list shows them" }),
    edited: z.string().min(1).optional().openapi({ description: "send this text instead; exactly one letter" }),
    edited_base64: z.base64().min(1).optional().openapi({ description: "the same as bytes" }),
    again: z.boolean().default(false).openapi({ description: "also letters that were put back before" }),
  })
  .refine((body) => body.edited === undefined || body.edited_base64 === undefined, "edited or edited_base64, not both")
  .refine((body) => (body.edited ?? body.edited_base64) === undefined || body.letters.length === 1, {
    message: "an edited payload goes with exactly one letter",
  });

const replayedSchema = z
  .object({
    replayed: z.array(letterSchema),
    failed: z.array(z.object({ letter: letterSchema, error: z.string() })),
    skipped: z.array(z.object({ topic: z.string(), partition: z.int(), offset: z.int(), append_time: z.string() })),
  })
  .openapi("Replayed");

const json = <S extends z.ZodType>(schema: S) => ({ content: { "application/json": { schema } }, required: true });
const limited = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) => problemResponse(c, { status: 413, title: "Too large", detail: `At most ${MAX_BODY_BYTES} bytes.` }),
});

type Validated<T> = Context & { req: { valid(target: "json"): T } };

/** The routes that change state. */
export function registerActions(app: OpenAPIHono, services: Services): void {
  const { guard, metrics, clock, writes, config, checkWebhook } = services;

  app.use("/dead-letters/replay", limited);
  app.use(
    "/dead-letters/replay",
    guard.writing((c, reason) => problemResponse(c, { status: 401, title: "Unauthorized", detail: reason })),
  );
  const replayRoute = createRoute({
    method: "post",
    path: "/dead-letters/replay",
    summary: "Put dead letters back on the events topic",
    tags: ["dead letters"],
    security: [{ token: [] }],
    request: { body: json(replaySchema) },
    responses: {
      200: { description: "What became of each letter", content: { "application/json": { schema: replayedSchema } } },
      ...PROBLEMS,
    },
  });
  app.openapi(replayRoute, (async (c: Validated<z.output<typeof replaySchema>>) => {
    const body = c.req.valid("json");
    const edited = body.edited_base64 === undefined ? body.edited : Buffer.from(body.edited_base64, "base64");
    const keys = body.letters.map((key) => ({ ...key, appendMs: key.append_time, payloadHash: key.payload_hash }));
    const result = await services.replay(keys, {
      again: body.again,
      ...(edited === undefined ? {} : { edited: Buffer.from(edited) }),
    });
    return c.json({
      replayed: result.replayed.map(letterRow),
      failed: result.failed.map(({ letter, error }) => ({ letter: letterRow(letter), error })),
      skipped: result.skipped.map(({ topic, partition, offset, appendMs }) => ({
        topic,
        partition,
        offset,
        append_time: iso(appendMs),
      })),
    });
  }) as never);

  app.use("/alerts/webhook", limited, async (c, next) => {
    if (checkWebhook(bearerToken(c.req.raw.headers))) return next();
    metrics.denied.inc({ reason: "webhook" });
    const configured = (config.CONSOLE_WEBHOOK_TOKEN ?? config.CONSOLE_TOKEN) !== undefined;
    const detail = configured ? "The bearer token is wrong." : "Set CONSOLE_WEBHOOK_TOKEN or CONSOLE_TOKEN.";
    return problemResponse(c, { status: 401, title: "Unauthorized", detail });
  });
  const webhookRoute = createRoute({
    method: "post",
    path: "/alerts/webhook",
    summary: "Receives Alertmanager's notifications (webhook_configs)",
    tags: ["alerts"],
    security: [{ token: [] }],
    request: { body: json(webhookSchema) },
    responses: { 204: { description: "Stored" }, ...PROBLEMS },
  });
  app.openapi(webhookRoute, (async (c: Validated<WebhookBody>) => {
    const alerts = toReceivedAlerts(c.req.valid("json"), clock.now());
    if (alerts.length > 0) {
      await writes.insert(RECEIVED_ALERTS_TABLE, RECEIVED_ALERTS_COLUMNS, encodeReceivedAlerts(alerts));
    }
    for (const alert of alerts) metrics.alerts.inc({ status: alert.status });
    return c.body(null, 204);
  }) as never);
}
