import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { findLetters, loadLetters } from "../../shared/dead-letters/letters.ts";
import { listAlerts } from "../data/alerts.ts";
import { listRuns, loadRun } from "../data/verification.ts";
import { problemResponse } from "../http/problem.ts";
import { alertShape, formatShape, integer, letterShape, pageShape, runShape } from "../http/query.ts";
import type { Services } from "../services.ts";
import { answerRows, get, pageOf } from "./define.ts";
import { alertRow, alertSchema, letterRow, letterSchema, runRow, runSchema } from "./rows.ts";

const letterDetailSchema = letterSchema
  .extend({
    key_base64: z.string(),
    payload_base64: z.string(),
    headers: z.record(z.string(), z.string()).openapi({ description: "values as base64" }),
  })
  .openapi("DeadLetterDetail");

const paging = ({ page = 1, limit = 100 }: { page?: number | undefined; limit?: number | undefined }) => ({
  page,
  limit,
  skip: (page - 1) * limit,
});

/** What was refused, what the proofs found, what Alertmanager told. */
export function registerFindings(app: OpenAPIHono, services: Services): void {
  const { reads } = services;
  get(app, {
    path: "/dead-letters",
    summary: "Dead letters, newest first",
    tag: "dead letters",
    query: { ...letterShape, ...pageShape, ...formatShape },
    params: {},
    answer: pageOf(letterSchema),
    files: true,
    handle: async ({ c, query }) => {
      const { page, limit, skip } = paging(query);
      const { rows, total } = await findLetters(reads, toLetterFilter(query), { limit, skip, newestFirst: true });
      return answerRows(c, "dead-letters", query.format, rows.map(letterRow), { total, page, limit });
    },
  });
  get(app, {
    path: "/dead-letters/{topic}/{partition}/{offset}",
    summary: "Dead letters of one position with their bytes",
    tag: "dead letters",
    query: {},
    params: { topic: z.string().max(249), partition: integer(0, 2 ** 31 - 1), offset: integer(0, 999_999_999_999_999) },
    answer: z.object({ rows: z.array(letterDetailSchema) }),
    handle: async ({ c, params }) => {
      const letters = await loadLetters(reads, params);
      if (letters.length === 0) {
        return problemResponse(c, { status: 404, title: "Not found", detail: "There is no dead letter there." });
      }
      const rows = letters.map((letter) => ({
        ...letterRow(letter),
        key_base64: letter.key.toString("base64"),
        payload_base64: letter.payload.toString("base64"),
        headers: Object.fromEntries(
          Object.entries(letter.headers).map(([name, value]) => [name, value.toString("base64")]),
        ),
      }));
      return c.json({ rows });
    },
  });
  get(app, {
    path: "/verification/runs",
    summary: "Runs of the proofs, newest first",
    tag: "verification",
    query: { ...runShape, ...pageShape, ...formatShape },
    params: {},
    answer: pageOf(runSchema),
    files: true,
    handle: async ({ c, query }) => {
      const { page, limit, skip } = paging(query);
      const { rows, total } = await listRuns(reads, query, { limit, skip });
      return answerRows(c, "verification-runs", query.format, rows.map(runRow), { total, page, limit });
    },
  });
  get(app, {
    path: "/verification/runs/{run_id}",
    summary: "One run with its report",
    tag: "verification",
    query: {},
    params: { run_id: z.guid() },
    answer: runSchema.extend({ details: z.unknown() }),
    handle: async ({ c, params }) => {
      const run = await loadRun(reads, params.run_id);
      if (run === undefined)
        return problemResponse(c, { status: 404, title: "Not found", detail: "There is no such run." });
      return c.json({ ...runRow(run), details: parseJson(run.detailsJson) });
    },
  });
  get(app, {
    path: "/alerts",
    summary: "Alerts received from Alertmanager, firing first",
    tag: "alerts",
    query: { ...alertShape, ...pageShape, ...formatShape },
    params: {},
    answer: pageOf(alertSchema),
    files: true,
    handle: async ({ c, query }) => {
      const { page, limit, skip } = paging(query);
      const { rows, total } = await listAlerts(reads, query, { limit, skip });
      return answerRows(c, "alerts", query.format, rows.map(alertRow), { total, page, limit });
    },
  });
}

/** The filter of the API and of the page. */
export function toLetterFilter(query: {
  class?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  open?: string | undefined;
}) {
  return {
    ...(query.class === undefined ? {} : { errorClass: query.class }),
    ...(query.from === undefined ? {} : { fromMs: query.from }),
    ...(query.to === undefined ? {} : { toMs: query.to }),
    notReplayed: query.open === "true",
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
