import type { Context } from "hono";
import type { Child } from "hono/jsx";

/** Sends a page: all of it, or its content alone to htmx, which refreshes in place. */
export type Render = (
  c: Context,
  title: string,
  content: Child,
  options?: { status?: number; part?: Child },
) => Response | Promise<Response>;
