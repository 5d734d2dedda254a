import type { Hono } from "hono";
import type { Child } from "hono/jsx";
import { businessRows } from "../data/business.ts";
import { eventForms, searchEvents } from "../data/events.ts";
import { liveRows, liveTotals } from "../data/live.ts";
import { loadOverview } from "../data/overview.ts";
import { problemOf } from "../http/problem.ts";
import { businessShape, eventShape, formatCursor, liveShape, pageShape, UUID } from "../http/query.ts";
import { businessWindow, eventWindow, liveWindow } from "../http/windows.ts";
import { SETTLE_MS, type Services } from "../services.ts";
import { BusinessPage } from "../views/business.tsx";
import { EventPage, EventsForm, EventsPage, type EventsQuery } from "../views/events.tsx";
import { LiveContent, LivePage } from "../views/live.tsx";
import type { LiveQuery } from "../views/live-model.ts";
import { Failure, Heading } from "../views/parts.tsx";
import { withQuery } from "./read-query.tsx";
import type { Render } from "./render.ts";

/** Minutes in one page of the live table. */
const PAGE_MINUTES = 60;
const EVENTS_PER_PAGE = 50;
const MINUTE_MS = 60_000;

/** Live, business and events. */
export function registerFigures(app: Hono, services: Services, render: Render): void {
  const { reads, clock, limits, lag, config, logger } = services;

  app.get(
    "/",
    withQuery({ ...liveShape, page: pageShape.page }, render, async (c, asked) => {
      const query: LiveQuery = {
        minutes: asked.minutes ?? 15,
        by: asked.by ?? "total",
        source: asked.source,
        page: asked.page ?? 1,
      };
      const frame = (content: Child, status: number) =>
        render(c, "Live", <LivePage query={query}>{content}</LivePage>, { status, part: content });
      try {
        return await frame(<LiveContent model={await model(query)} />, 200);
      } catch (error) {
        // Within the frame, so that the page recovers by itself.
        const known = problemOf(error);
        if (known === undefined) throw error;
        logger.warn({ err: known.title }, "live figures failed");
        return frame(
          <div id="status" data-level="bad">
            <Failure title={known.title}>{known.detail} This page tries again by itself.</Failure>
          </div>,
          known.status,
        );
      }
    }),
  );

  const model = async (query: LiveQuery) => {
    const nowMs = clock.now();
    const range = liveWindow(nowMs, query.minutes);
    const toMs = range.toMs - (query.page - 1) * PAGE_MINUTES * MINUTE_MS;
    const part = { fromMs: Math.max(range.fromMs, toMs - PAGE_MINUTES * MINUTE_MS), toMs };
    const { source } = query;
    const [overview, totals, rows] = await Promise.all([
      loadOverview(reads, limits, { nowMs, lag: lag() }),
      liveTotals(services, { ...range, source }),
      liveRows(services, { ...part, source }, query.by, { nowMs, settleMs: SETTLE_MS }),
    ]);
    const freshnessLimits = { warn: config.FRESHNESS_WARN_SECONDS, bad: config.FRESHNESS_BAD_SECONDS };
    return { query, overview, totals, rows, pageMinutes: PAGE_MINUTES, freshnessLimits };
  };

  app.get(
    "/business",
    withQuery(businessShape, render, async (c, asked) => {
      const nowMs = clock.now();
      const view = asked.view ?? "hours";
      const [rows, [rolling]] = await Promise.all([
        businessRows(reads, view, businessWindow(nowMs, view, asked), 1_000),
        businessRows(reads, "rolling", businessWindow(nowMs, "rolling", {}), 1),
      ]);
      return render(c, "Business", <BusinessPage model={{ view, from: asked.from, to: asked.to, rows, rolling }} />);
    }),
  );

  app.get(
    "/events",
    withQuery(eventShape, render, async (c, asked) => {
      const { event_id: eventId, cursor, from, to } = asked;
      const timeGiven = from !== undefined || to !== undefined;
      // The index finds an id at any age; a time range would only hide it.
      if (eventId !== undefined && !timeGiven) return c.redirect(`/events/${eventId}`);
      const query: EventsQuery = {
        from,
        to,
        source: asked.source,
        event_type: asked.event_type,
        user_id: asked.user_id,
        event_id: eventId,
      };
      const range = eventWindow(clock.now(), asked);
      const filter = { ...range, source: asked.source, eventType: asked.event_type, userId: asked.user_id, eventId };
      try {
        const found = await searchEvents(reads, filter, { limit: EVENTS_PER_PAGE, after: cursor });
        const next = found.next && formatCursor(found.next);
        return render(c, "Events", <EventsPage model={{ query, range, rows: found.rows, next }} />);
      } catch (error) {
        const known = problemOf(error);
        if (known?.status !== 422) throw error;
        const content = (
          <div class="stack">
            <Heading title="Events" />
            <EventsForm query={query} />
            <Failure title={known.title}>{known.detail}</Failure>
          </div>
        );
        return render(c, "Events", content, { status: 422 });
      }
    }),
  );

  app.get("/events/:id", async (c) => {
    const eventId = c.req.param("id").toLowerCase();
    if (!UUID.test(eventId)) return c.notFound();
    const forms = await eventForms(reads, eventId);
    return render(c, "Event", <EventPage eventId={eventId} forms={forms} />, {
      status: forms.keys.length === 0 ? 404 : 200,
    });
  });
}
