import type { Context } from "hono";
import { AppError } from "../../shared/runtime/errors.ts";
import { isOverLimit } from "../data/reads.ts";

/** A refusal in the form of RFC 9457. */
export type Problem = { status: 400 | 401 | 403 | 404 | 413 | 422 | 429 | 500 | 503; title: string; detail: string };

export function problemResponse(c: Context, problem: Problem): Response {
  return c.body(JSON.stringify({ type: "about:blank", ...problem }), problem.status, {
    "content-type": "application/problem+json",
    ...(problem.status === 401 ? { "www-authenticate": "Bearer" } : {}),
  });
}

/**
 * What a failure means for whoever asked. Messages of the server stay in the log: they quote the query.
 * Undefined for what is no known failure.
 */
export function problemOf(error: unknown): Problem | undefined {
  if (!(error instanceof AppError)) return undefined;
  if (isOverLimit(error)) {
    const detail = "The query took too long or found too much. Choose a shorter time range or more filters.";
    return { status: 422, title: "Too much to answer", detail };
  }
  if (error.code === "BODY_INCOMPLETE") {
    return { status: 400, title: "The request is incomplete", detail: "Its body did not arrive. Send it again." };
  }
  if (error.code === "CLICKHOUSE_UNREACHABLE") {
    const detail = "ClickHouse does not answer. Check that it runs and that CLICKHOUSE_URL is right.";
    return { status: 503, title: "ClickHouse does not answer", detail };
  }
  if (error.code === "CLICKHOUSE_60" || error.code === "CLICKHOUSE_81" || error.code === "CLICKHOUSE_47") {
    return { status: 503, title: "The schema is missing or old", detail: "Run `ops migrate`." };
  }
  if (error.code.startsWith("CLICKHOUSE_")) {
    return { status: 503, title: "ClickHouse refused a query", detail: `Code ${error.code}; the log has its message.` };
  }
  if (error.code.startsWith("KAFKA_")) {
    return { status: 503, title: "Kafka does not answer", detail: `Code ${error.code}. Check KAFKA_BROKERS.` };
  }
  return undefined;
}
