import { Hono } from "hono";

/** Where the browser finds the console, as behind a proxy that serves it under a path or rewrites the host's name. */
export type PublicUrl = {
  readonly origin: string;
  readonly hostname: string /** Without a slash at its end. */;
  readonly path: string;
};

export function parsePublicUrl(url: string | undefined): PublicUrl | undefined {
  if (url === undefined) return undefined;
  const { origin, hostname, pathname } = new URL(url);
  return { origin, hostname, path: pathname.replace(/\/+$/, "") };
}

/** Attributes with addresses of the console's own. Text of others cannot look like one: its quotes are escaped. */
const ADDRESSES = /((?:href|action|src|hx-get|hx-post)=")\/(?!\/)/g;

/**
 * The app under a path: requests may come with it or without (many proxies cut it off), and every address in pages and
 * redirects has it.
 */
export function underPath(app: Hono, path: string): Hono {
  if (path === "") return app;
  const outer = new Hono();
  outer.all("*", async (c) => {
    const answer = await app.fetch(withoutPath(c.req.raw, path), c.env as object);
    const location = answer.headers.get("location");
    const isPage = answer.headers.get("content-type")?.startsWith("text/html") === true;
    if (!isPage && location === null) return answer;
    const headers = new Headers(answer.headers);
    headers.delete("content-length");
    if (location?.startsWith("/")) headers.set("location", path + location);
    const body = isPage ? (await answer.text()).replaceAll(ADDRESSES, `$1${path}/`) : answer.body;
    return new Response(body, { status: answer.status, headers });
  });
  return outer;
}

function withoutPath(request: Request, path: string): Request {
  const url = new URL(request.url);
  if (url.pathname !== path && !url.pathname.startsWith(`${path}/`)) return request;
  url.pathname = url.pathname.slice(path.length) || "/";
  return new Request(url.href, request);
}
