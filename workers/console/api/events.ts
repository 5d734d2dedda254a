import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { downloadEvents, eventForms, searchEvents } from "../data/events.ts";
import { streamFile } from "../http/download.ts";
import { problemResponse } from "../http/problem.ts";
import { eventShape, formatCursor, formatShape, integer, optional } from "../http/query.ts";
import { eventWindow } from "../http/windows.ts";
import type { Services } from "../services.ts";
import { get } from "./define.ts";
import { eventOut, eventSchema, iso } from "./rows.ts";

const formsSchema = z
  .object({
    stored: z.array(eventSchema),
    raw: z.array(eventSchema),
    keys: z.array(z.object({ minute: z.string(), source: z.string(), event_type: z.string() })),
  })
  .openapi("EventForms");

/** Search of events, and the forms of one. */
export function registerEvents(app: OpenAPIHono, services: Services): void {
  const { reads, clock } = services;
  get(app, {
    path: "/events",
    summary: "Search events, newest first; files hold up to `limit` rows and ignore the cursor",
    tag: "events",
    query: { ...eventShape, limit: optional(integer(1, reads.limits.maxRows - 1)), ...formatShape },
    params: {},
    answer: z.object({ rows: z.array(eventSchema), next: z.string().nullable() }),
    files: true,
    handle: async ({ c, query }) => {
      const filter = {
        ...eventWindow(clock.now(), query),
        source: query.source,
        eventType: query.event_type,
        userId: query.user_id,
        sessionId: query.session_id,
        eventId: query.event_id,
      };
      if (query.format === "csv" || query.format === "ndjson") {
        const limit = query.limit ?? reads.limits.maxRows;
        return streamFile(c, "events", query.format, downloadEvents(reads, filter, { format: query.format, limit }));
      }
      const page = await searchEvents(reads, filter, { limit: query.limit ?? 100, after: query.cursor });
      return c.json({ rows: page.rows.map(eventOut), next: page.next ? formatCursor(page.next) : null });
    },
  });
  get(app, {
    path: "/events/{event_id}",
    summary: "One event: as shown, every copy received, and all keys of its id",
    tag: "events",
    query: {},
    params: { event_id: z.guid().toLowerCase() },
    answer: formsSchema,
    handle: async ({ c, params }) => {
      const forms = await eventForms(reads, params.event_id);
      if (forms.keys.length === 0) {
        return problemResponse(c, {
          status: 404,
          title: "Not found",
          detail: "No event with this id was ever stored.",
        });
      }
      return c.json({
        stored: forms.stored.map(eventOut),
        raw: forms.raw.map(eventOut),
        keys: forms.keys.map((key) => ({ minute: iso(key.minuteMs), source: key.source, event_type: key.eventType })),
      });
    },
  });
}
