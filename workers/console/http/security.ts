import type { MiddlewareHandler } from "hono";
import { isLoopback } from "../../shared/runtime/http/listen-config.ts";

/** Nothing inline, nothing from elsewhere: what gets into a page as text cannot run, load or send anything. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // not no-referrer: browsers would then send `Origin: null` with forms, and the origin is checked
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};

/** Sets the headers of every answer; only assets may be kept by the browser. */
export function securityHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  };
}

/**
 * Refuses requests under a foreign host name while anyone who reaches the console may read: a page of another site could
 * otherwise rebind its own name to 127.0.0.1 and read along.
 */
export function hostCheck(config: {
  host: string;
  readAccess: "open" | "token";
  allowedHosts: readonly string[] | undefined;
  /** Of the address that browsers use. */
  publicHost?: string | undefined;
}): MiddlewareHandler {
  const checked = config.readAccess === "open" && (isLoopback(config.host) || config.allowedHosts !== undefined);
  return async (c, next) => {
    const url = `http://${c.req.header("host") ?? ""}`;
    const name = URL.canParse(url) ? new URL(url).hostname : "";
    const known = name === config.publicHost || config.allowedHosts?.includes(name);
    if (!checked || isLoopback(name) || known) return next();
    return c.text(`This console is not known as ${name}. Add the name to CONSOLE_ALLOWED_HOSTS.\n`, 403);
  };
}
