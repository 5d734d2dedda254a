import type { MiddlewareHandler } from "hono";
import { createKeyCheck, presentedKey } from "../../../shared/runtime/api-keys.ts";

export type AccessConfig = {
  /** Undefined, and no public keys either: anyone may send. */
  apiKeys?: readonly string[] | undefined;
  /** Keys that stand in web pages, for everybody to read: they count only in requests from an allowed origin. */
  publicKeys?: readonly string[] | undefined;
  /** Origins such as `https://shop.example` whose pages may send; `*` is any. */
  allowedOrigins?: readonly string[] | undefined;
};

/** Who sends: an index for the rate limit, or why not. */
export type Client =
  | { readonly ok: true; readonly index: number }
  | { readonly ok: false; readonly why: "key" | "origin" };

/** Browsers ask again after this long, seconds; more than two hours they do not grant. */
const PREFLIGHT_SECONDS = 7_200;

/** Tells who sends a request. A secret key counts in headers only: addresses are written to logs. */
export function createClientCheck({ apiKeys, publicKeys = [], allowedOrigins }: AccessConfig) {
  if (apiKeys === undefined && publicKeys.length === 0) {
    // Only on loopback: there any page that somebody visits could send, by a form or sendBeacon.
    return ({ headers }: Request): Client => {
      const origin = headers.get("origin");
      return origin === null || isAllowed(origin, allowedOrigins)
        ? { ok: true, index: 0 }
        : { ok: false, why: "origin" };
    };
  }
  const secret = createKeyCheck(apiKeys ?? []);
  const open = createKeyCheck(publicKeys);
  return (request: Request): Client => {
    const inHeader = presentedKey(request.headers);
    const index = secret(inHeader);
    if (index !== undefined) return { ok: true, index };
    const publicIndex = open(inHeader ?? new URL(request.url).searchParams.get("key") ?? undefined);
    if (publicIndex === undefined) return { ok: false, why: "key" };
    if (!isAllowed(request.headers.get("origin"), allowedOrigins)) return { ok: false, why: "origin" };
    return { ok: true, index: (apiKeys?.length ?? 0) + publicIndex };
  };
}

/** Lets pages of the allowed origins send and read the answer, and answers what browsers ask before. */
export function allowOrigins(allowedOrigins: readonly string[] | undefined): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (!isAllowed(origin ?? null, allowedOrigins)) return next();
    if (c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined) {
      return c.body(null, 204, {
        "access-control-allow-origin": String(origin),
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-encoding, content-type, x-api-key",
        "access-control-max-age": String(PREFLIGHT_SECONDS),
        vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
      });
    }
    await next();
    c.res.headers.set("access-control-allow-origin", String(origin));
    c.res.headers.set("access-control-expose-headers", "retry-after");
    // sendBeacon sends cookies along, and its answer is discarded without this; cookies mean nothing here.
    c.res.headers.set("access-control-allow-credentials", "true");
    c.res.headers.append("vary", "Origin");
  };
}

function isAllowed(origin: string | null, allowed: readonly string[] | undefined): boolean {
  return origin !== null && allowed !== undefined && (allowed.includes("*") || allowed.includes(origin));
}
