import type { Context } from "hono";

/** A refusal in the form of RFC 9457. `field` names what is wrong: a field of the event, a header, or `body`. */
export type Problem = {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 429 | 500 | 503;
  readonly title: string;
  readonly detail: string;
  readonly field?: string;
  /** Sent as Retry-After. */
  readonly retryAfterSeconds?: number;
  /** Further members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The response for a problem. */
export function problemResponse(c: Context, problem: Problem): Response {
  const { status, title, detail, field, retryAfterSeconds, members, headers } = problem;
  const body = { type: "about:blank", title, status, detail, ...(field ? { field } : {}), ...members };
  return c.body(JSON.stringify(body), status, {
    "content-type": "application/problem+json",
    ...headers,
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  });
}
