import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { rowsFile } from "../http/download.ts";
import type { Format } from "../http/query.ts";

/** A GET route: what it takes, what it answers, and how. */
export type GetSpec<Query extends z.ZodRawShape, Params extends z.ZodRawShape> = {
  /** Path with `{name}` for parameters. */
  path: string;
  summary: string;
  tag: string;
  query: Query;
  params: Params;
  /** The JSON answer. */
  answer: z.ZodType;
  /** True: also as CSV and NDJSON. */
  files?: boolean;
  handle(input: {
    c: Context;
    query: z.output<z.ZodObject<Query>>;
    params: z.output<z.ZodObject<Params>>;
  }): Promise<Response>;
};

export const problemSchema = z
  .object({ type: z.string(), title: z.string(), status: z.number().int(), detail: z.string() })
  .openapi("Problem");

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

export const PROBLEMS = {
  400: problem("A parameter is wrong"),
  401: problem("No valid token"),
  422: problem("The query takes too long or finds too much"),
  503: problem("ClickHouse or Kafka does not answer"),
};

/** Registers a GET route; what the parameters do not allow is answered with 400 before `handle` sees it. */
export function get<Query extends z.ZodRawShape, Params extends z.ZodRawShape>(
  app: OpenAPIHono,
  spec: GetSpec<Query, Params>,
): void {
  const query = z.object(spec.query);
  const params = z.object(spec.params);
  const files = spec.files
    ? { "text/csv": { schema: z.string() }, "application/x-ndjson": { schema: z.string() } }
    : {};
  const route = createRoute({
    method: "get",
    path: spec.path,
    summary: spec.summary,
    tags: [spec.tag],
    request: { query, params },
    responses: {
      200: { description: "The answer", content: { "application/json": { schema: spec.answer }, ...files } },
      ...PROBLEMS,
    },
  });
  // The library wants every answer typed per status and media type; files and problems are plain responses here.
  app.openapi(route, ((c: Context & { req: { valid(target: string): unknown } }) =>
    spec.handle({
      c,
      query: c.req.valid("query") as z.output<typeof query>,
      params: c.req.valid("param") as z.output<typeof params>,
    })) as never);
}

/** Rows in the format asked for; JSON gets `meta` beside them. */
export function answerRows(
  c: Context,
  name: string,
  format: Format | undefined,
  rows: readonly Readonly<Record<string, unknown>>[],
  meta: Readonly<Record<string, unknown>> = {},
): Response {
  return format === "csv" || format === "ndjson" ? rowsFile(c, name, format, rows) : c.json({ rows, ...meta });
}

/** Schema of a page of rows. */
export const pageOf = (row: z.ZodType) =>
  z.object({ rows: z.array(row), total: z.number().int(), page: z.number().int(), limit: z.number().int() });
