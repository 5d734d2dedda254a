import { type Context, Hono } from "hono";
import type { Clock } from "../../../shared/runtime/clock.ts";
import { errorFields } from "../../../shared/runtime/errors.ts";
import { addHealthRoutes, type HealthChecks } from "../../../shared/runtime/health-server.ts";
import { type ArrivingBody, bodyOfRequest } from "../../../shared/runtime/http/arriving-body.ts";
import type { Logger } from "../../../shared/runtime/logger.ts";
import type { ProducerMetrics } from "../../metrics.ts";
import type { Outcome, Outgoing } from "../../send/outgoing.ts";
import type { SendQueue } from "../../send/send-queue.ts";
import { readBody } from "./body.ts";
import { createBodyGate } from "./body-gate.ts";
import { type AccessConfig, allowOrigins, createClientCheck } from "./origins.ts";
import { type Problem, problemResponse } from "./problem.ts";
import { createRateLimit } from "./rate-limit.ts";
import { splitBody } from "./split.ts";
import { judge, rejected, type Verdict } from "./verdicts.ts";

export type IngestConfig = AccessConfig & {
  maxBodyBytes: number;
  maxEventBytes: number;
  /** How long a request waits for Kafka, ms. */
  ackTimeoutMs: number;
  /** How long a body may take to arrive, ms. */
  bodyTimeoutMs: number;
  /** Of all bodies that are arriving together, bytes. */
  maxArrivingBytes: number;
  /** Events per second and key; 0: no limit. */
  ratePerSecond: number;
  /** Bound of the buffer: a batch with more events can never be taken. */
  maxEvents: number;
};

export type IngestDeps = {
  queue: Pick<SendQueue, "offerAll">;
  metrics: ProducerMetrics;
  clock: Clock;
  logger: Logger;
  onSend?: (message: Outgoing) => void;
  /** Answered on the port of the API, too: many load balancers look at no other. */
  checks?: HealthChecks;
  /** Told of the memory that each body took, bytes. */
  onBody?: (bytes: number) => void;
};

/** The app with what its server hands over besides the request. */
export type IngestApp = Hono<{ Bindings: { body?: ArrivingBody } }>;

/** What Kafka said to the events of a request, in their order; `pending` when it said nothing in time. */
type Answer = Outcome | "pending";

const BUSY = "the buffer before Kafka is full";
const LATER = "Kafka has not acknowledged in time; send the same again: the same event_id is the same event";

/**
 * The ingest API. `POST /v1/events` takes an event, an array or NDJSON and answers once Kafka has acknowledged: 202 all
 * accepted, 207 some, 400 none, with a verdict per event. Any other answer means that the request is to be sent again.
 */
export function createIngestApp(config: IngestConfig, deps: IngestDeps): IngestApp {
  const { metrics, clock } = deps;
  const checkClient = createClientCheck(config);
  const rateLimit = createRateLimit(config, clock);
  const gate = createBodyGate({ maxBytes: config.maxArrivingBytes, timeoutMs: config.bodyTimeoutMs });
  const app: IngestApp = new Hono();
  if (deps.checks) addHealthRoutes(app, deps.checks);

  app.use(async (c, next) => {
    await next();
    metrics.httpRequests.inc({ status: c.res.status });
  });
  app.onError((error, c) => {
    deps.logger.error({ path: c.req.path, ...errorFields(error) }, "request failed");
    return problemResponse(c, { status: 500, title: "Internal error", detail: "unexpected failure, see the log" });
  });
  app.notFound((c) => problemResponse(c, { status: 404, title: "Not found", detail: "the API is POST /v1/events" }));

  app.use("/v1/events", allowOrigins(config.allowedOrigins));
  app.post("/v1/events", async (c) => {
    const client = checkClient(c.req.raw);
    if (!client.ok) return problemResponse(c, client.why === "key" ? UNAUTHORIZED : FOREIGN_ORIGIN);
    const arriving = c.env?.body ?? bodyOfRequest(c.req.raw);
    const body = await readBody({ headers: c.req.raw.headers, body: arriving }, config.maxBodyBytes, gate);
    deps.onBody?.(body.ok ? body.bytes.length : config.maxBodyBytes);
    if (!body.ok) return problemResponse(c, body.problem);
    const split = splitBody(body.bytes, body.kind, config.maxEvents);
    if (!split.ok) {
      const { detail } = split;
      if (!split.tooMany) return problemResponse(c, bad("body", detail));
      return problemResponse(c, { status: 413, title: "Too large", detail, field: "body" });
    }
    const waitSeconds = rateLimit.take(client.index, split.events.length);
    if (waitSeconds > 0) return problemResponse(c, tooMany("the rate limit is reached", waitSeconds));

    const now = clock.now();
    const judged = split.events.map((bytes, index) => judge(bytes, index, config.maxEventBytes, now));
    const valid = ownBytes(
      judged.flatMap((one) => (one.ok ? [one.message] : [])),
      body.bytes.length,
    );
    const answers = await sendAndWait(valid);
    if (answers === "full") return problemResponse(c, tooMany(BUSY, 1));
    if (answers.some((answer) => answer !== "acknowledged" && answer !== "refused")) {
      return problemResponse(c, { status: 503, title: "Not acknowledged", detail: LATER, retryAfterSeconds: 5 });
    }
    let next = 0;
    const verdicts = judged.map((one, index): Verdict => {
      if (!one.ok) return one.verdict;
      if (answers[next++] === "acknowledged") return { index, status: "accepted", event_id: one.eventId };
      return rejected(index, "refused_by_kafka", "the brokers refuse this message");
    });
    for (const verdict of verdicts) {
      if (verdict.status === "rejected") metrics.rejected.inc({ error_class: verdict.error_class });
    }
    return respond(c, verdicts, split.single);
  });
  app.all("/v1/events", (c) =>
    problemResponse(c, { status: 405, title: "Method not allowed", detail: "use POST", headers: { allow: "POST" } }),
  );

  /** Resolves when all are settled or the time is up. */
  const sendAndWait = (events: readonly Omit<Outgoing, "settled">[]): Promise<readonly Answer[] | "full"> => {
    if (events.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const answers = events.map((): Answer => "pending");
      let open = events.length;
      const timer = setTimeout(() => resolve([...answers]), config.ackTimeoutMs);
      const messages = events.map((event, index): Outgoing => {
        const settled = (outcome: Outcome) => {
          answers[index] = outcome;
          if (--open > 0) return;
          clearTimeout(timer);
          resolve(answers);
        };
        return { ...event, settled };
      });
      if (deps.queue.offerAll(messages)) {
        for (const message of messages) deps.onSend?.(message);
        return;
      }
      clearTimeout(timer);
      resolve("full");
    });
  };

  return app;
}

type Valid = Omit<Outgoing, "settled">;

/**
 * Where only a small part of a body is valid, that part as a copy: a view would keep the whole body in memory for as long
 * as Kafka is away, and the buffer counts no more than the part.
 */
function ownBytes(messages: readonly Valid[], bodyBytes: number): readonly Valid[] {
  const kept = messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
  if (kept * 2 >= bodyBytes) return messages;
  return messages.map((message) => ({ ...message, value: message.value && Buffer.from(message.value) }));
}

function respond(c: Context, verdicts: readonly Verdict[], single: boolean): Response {
  const accepted = verdicts.filter(({ status }) => status === "accepted").length;
  const counts = { accepted, rejected: verdicts.length - accepted, results: verdicts };
  const first = verdicts.find((verdict) => verdict.status === "rejected");
  if (!first) return c.json(counts, 202);
  if (accepted > 0) return c.json(counts, 207);
  const { error_class, detail, field = "body" } = first;
  const members = single ? { error_class } : { error_class, ...counts };
  const where = single ? detail : `no event is valid; the first: ${detail}`;
  if (single && error_class === "too_large") {
    return problemResponse(c, { status: 413, title: "Too large", detail, field: "body", members });
  }
  return problemResponse(c, { ...bad(field, where), members });
}

const UNAUTHORIZED: Problem = {
  status: 401,
  title: "Unauthorized",
  detail: "send a valid API key as `Authorization: Bearer <key>` or `X-API-Key: <key>`",
  field: "authorization",
  headers: { "www-authenticate": "Bearer" },
};

const FOREIGN_ORIGIN: Problem = {
  status: 403,
  title: "Forbidden",
  detail: "a public key counts in requests from a page of an origin in HTTP_ALLOWED_ORIGINS only",
  field: "origin",
};

function bad(field: string, detail: string): Problem {
  return { status: 400, title: "Bad request", detail, field };
}

function tooMany(detail: string, retryAfterSeconds: number): Problem {
  return { status: 429, title: "Too many requests", detail, retryAfterSeconds };
}
