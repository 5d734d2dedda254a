import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { businessRows } from "../data/business.ts";
import { liveRows, liveSeries } from "../data/live.ts";
import { loadOverview } from "../data/overview.ts";
import { businessShape, formatShape, liveShape } from "../http/query.ts";
import { businessWindow, liveWindow } from "../http/windows.ts";
import { SETTLE_MS, type Services } from "../services.ts";
import { answerRows, get } from "./define.ts";
import { businessRow, businessSchema, iso, minuteRow, minuteSchema, runRow, runSchema } from "./rows.ts";

const optionalNumber = () => z.number().nullable();

const overviewSchema = z
  .object({
    time: z.string(),
    level: z.enum(["ok", "warn", "bad", "idle"]),
    findings: z.array(z.object({ level: z.enum(["warn", "bad"]), text: z.string() })),
    newest_event: z.string().nullable(),
    freshness_ms: optionalNumber(),
    latency_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
    lag_messages: optionalNumber(),
    dead_letters_last_hour: z.number(),
    dead_letters_open: z.number(),
    alerts_firing: z.number(),
    proven_until: z
      .string()
      .nullable()
      .openapi({ description: "Every message appended before is proven to be stored" }),
    runs: z.array(runSchema),
  })
  .openapi("Overview");

const seriesSchema = z
  .object({
    times: z.array(z.number()).openapi({ description: "Unix seconds" }),
    produced: z.array(z.number()),
    shown: z.array(z.number()),
    sources: z.record(z.string(), z.array(z.number())),
  })
  .openapi("Series");

/** Live counts and business figures. */
export function registerFigures(app: OpenAPIHono, services: Services): void {
  const { reads, clock, limits, lag } = services;
  get(app, {
    path: "/overview",
    summary: "How the pipeline is",
    tag: "live",
    query: {},
    params: {},
    answer: overviewSchema,
    handle: async ({ c }) => {
      const found = await loadOverview(reads, limits, { nowMs: clock.now(), lag: lag() });
      return c.json({
        time: iso(found.nowMs),
        level: found.level,
        findings: found.findings.map(({ level, text }) => ({ level, text })),
        newest_event: found.freshness.newestEventMs === undefined ? null : iso(found.freshness.newestEventMs),
        freshness_ms: found.freshness.ageMs ?? null,
        latency_ms: found.freshness.latencyMs ?? null,
        lag_messages: found.lag && "messages" in found.lag ? found.lag.messages : null,
        dead_letters_last_hour: found.backlog.deadLettersHour,
        dead_letters_open: found.backlog.deadLettersOpen,
        alerts_firing: found.backlog.firingAlerts,
        proven_until: found.proof?.provenUntilMs === undefined ? null : iso(found.proof.provenUntilMs),
        runs: found.runs.map(runRow),
      });
    },
  });
  get(app, {
    path: "/live/minutes",
    summary: "Events per minute: produced, stored and shown",
    tag: "live",
    query: { ...liveShape, ...formatShape },
    params: {},
    answer: z.object({ rows: z.array(minuteSchema) }),
    files: true,
    handle: async ({ c, query }) => {
      const nowMs = clock.now();
      const filter = { ...liveWindow(nowMs, query.minutes ?? 15), source: query.source, eventType: query.event_type };
      const rows = await liveRows(services, filter, query.by ?? "total", { nowMs, settleMs: SETTLE_MS });
      return answerRows(c, "minutes", query.format, rows.map(minuteRow));
    },
  });
  get(app, {
    path: "/live/series",
    summary: "Events per minute as columns for a chart",
    tag: "live",
    query: { minutes: liveShape.minutes },
    params: {},
    answer: seriesSchema,
    handle: async ({ c, query }) => c.json(await liveSeries(reads, liveWindow(clock.now(), query.minutes ?? 15))),
  });
  get(app, {
    path: "/business",
    summary: "Revenue, payouts, tickets, users … per hour, rolling 24 hours, or day",
    tag: "business",
    query: { ...businessShape, ...formatShape },
    params: {},
    answer: z.object({ rows: z.array(businessSchema) }),
    files: true,
    handle: async ({ c, query }) => {
      const view = query.view ?? "hours";
      const rows = await businessRows(reads, view, businessWindow(clock.now(), view, query), reads.limits.maxRows);
      return answerRows(c, `business-${view}`, query.format, rows.map(businessRow));
    },
  });
}
