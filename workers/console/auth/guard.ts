import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { bearerToken } from "../../shared/runtime/api-keys.ts";
import type { ConsoleMetrics } from "../metrics.ts";
import type { Sessions, TokenCheck } from "./tokens.ts";

export const SESSION_COOKIE = "console_session";

/** What a request may do, and by which credential. */
export type Access = { read: boolean; write: boolean; by: "token" | "cookie" | "nobody" };

export type GuardConfig = {
  readAccess: "open" | "token";
  /** False: no token is configured, nothing can be changed. */
  canWrite: boolean;
  /** Of the address that browsers use, where a proxy may have rewritten the host's name. */
  publicOrigin?: string | undefined;
};

export type Guard = {
  access(c: Context): Access;
  /** Whether the console's own page sent the request: see {@link isSameOrigin}. */
  isOwnPage(c: Context): boolean;
  /** Lets readers pass; `denied` answers the others. */
  reading(denied: (c: Context) => Response | Promise<Response>): MiddlewareHandler;
  /** Lets writers pass; a cookie only together with proof that the console's own page sent the request. */
  writing(denied: (c: Context, reason: string) => Response | Promise<Response>): MiddlewareHandler;
};

export function createGuard(
  config: GuardConfig,
  deps: { checkToken: TokenCheck; sessions: Sessions; metrics: ConsoleMetrics },
): Guard {
  const access = (c: Context): Access => {
    const bearer = bearerToken(c.req.raw.headers);
    // A wrong token is refused even if the cookie would do: whoever sends one wants it to count.
    const write = bearer === undefined ? deps.sessions.check(getCookie(c, SESSION_COOKIE)) : deps.checkToken(bearer);
    const read = write || (config.readAccess === "open" && bearer === undefined);
    return { read, write, by: write ? (bearer === undefined ? "cookie" : "token") : "nobody" };
  };
  return {
    access,
    isOwnPage: (c) => isSameOrigin(c.req.raw, config.publicOrigin),
    reading: (denied) => async (c, next) => {
      if (access(c).read) return next();
      deps.metrics.denied.inc({ reason: "token" });
      return denied(c);
    },
    writing: (denied) => async (c, next) => {
      const { write, by } = access(c);
      if (!write) {
        deps.metrics.denied.inc({ reason: "token" });
        return denied(
          c,
          config.canWrite ? "a valid token is needed" : "CONSOLE_TOKEN is not set: nothing can be changed",
        );
      }
      if (by === "cookie" && !isSameOrigin(c.req.raw, config.publicOrigin)) {
        deps.metrics.denied.inc({ reason: "origin" });
        return denied(c, "the request was sent by another site");
      }
      return next();
    },
  };
}

/**
 * Whether the console's own page sent the request. The cookie is SameSite=Strict already; this also stops other ports of
 * the same host, which count as the same site.
 */
function isSameOrigin(request: Request, publicOrigin: string | undefined): boolean {
  const origin = request.headers.get("origin");
  if (origin !== null && origin === publicOrigin) return true;
  if (origin === null) return request.headers.get("sec-fetch-site") === "same-origin";
  const host = request.headers.get("host") ?? new URL(request.url).host;
  return URL.canParse(origin) && new URL(origin).host === host;
}
