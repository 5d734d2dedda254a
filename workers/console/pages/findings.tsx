import type { Context, Hono } from "hono";
import type { Child } from "hono/jsx";
import { findLetters, loadLetters, parsePosition } from "../../shared/dead-letters/letters.ts";
import { toLetterFilter } from "../api/findings.ts";
import { listAlerts } from "../data/alerts.ts";
import { latestRuns, listRuns, loadRun, proofState } from "../data/verification.ts";
import { alertShape, letterShape, pageShape, runShape, UUID } from "../http/query.ts";
import type { Services } from "../services.ts";
import { AlertsPage } from "../views/alerts.tsx";
import { LetterPage, LettersPage } from "../views/dead-letters.tsx";
import { Polled } from "../views/parts.tsx";
import { RunbookPage } from "../views/runbook.tsx";
import { RunPage, VerificationPage } from "../views/verification.tsx";
import { withQuery } from "./read-query.tsx";
import type { Render } from "./render.ts";

const LIMIT = 50;

/** Dead letters, verification and alerts. */
export function registerFindings(app: Hono, services: Services, render: Render): void {
  const { reads, guard, clock } = services;
  const refreshed = (c: Context, title: string, seconds: number, content: Child) => {
    const { pathname, search } = new URL(c.req.url);
    const page = (
      <Polled id={title.toLowerCase()} href={pathname + search} seconds={seconds}>
        {content}
      </Polled>
    );
    return render(c, title, page, { part: content });
  };

  app.get(
    "/dead-letters",
    withQuery({ ...letterShape, page: pageShape.page }, render, async (c, asked) => {
      const page = asked.page ?? 1;
      const { rows, total } = await findLetters(reads, toLetterFilter(asked), {
        limit: LIMIT,
        skip: (page - 1) * LIMIT,
        newestFirst: true,
      });
      const query = { class: asked.class, from: asked.from, to: asked.to, open: asked.open };
      const model = { query, page, limit: LIMIT, rows, total, canReplay: guard.access(c).write };
      return render(c, "Dead letters", <LettersPage model={model} />);
    }),
  );

  app.get("/dead-letters/:topic/:partition/:offset", async (c) => {
    const { topic, partition, offset } = c.req.param();
    const position = parsePosition(`${topic}/${partition}/${offset}`);
    const letters = position === undefined ? [] : await loadLetters(reads, position);
    if (letters.length === 0) return c.notFound();
    return render(c, "Dead letter", <LetterPage letters={letters} canReplay={guard.access(c).write} />);
  });

  app.get(
    "/verification",
    withQuery({ ...runShape, page: pageShape.page }, render, async (c, asked) => {
      const page = asked.page ?? 1;
      const [proof, latest, { rows, total }] = await Promise.all([
        proofState(reads),
        latestRuns(reads),
        listRuns(reads, asked, { limit: LIMIT, skip: (page - 1) * LIMIT }),
      ]);
      const query = { kind: asked.kind, verdict: asked.verdict };
      const model = { query, proof, latest, rows, total, page, limit: LIMIT, nowMs: clock.now() };
      return refreshed(c, "Verification", 10, <VerificationPage model={model} />);
    }),
  );

  app.get("/runbook", (c) => render(c, "Runbook", <RunbookPage />));

  app.get("/verification/:id", async (c) => {
    const id = c.req.param("id");
    const run = UUID.test(id) ? await loadRun(reads, id) : undefined;
    if (run === undefined) return c.notFound();
    return render(c, "Verification", <RunPage run={run} />);
  });

  app.get(
    "/alerts",
    withQuery({ ...alertShape, page: pageShape.page }, render, async (c, asked) => {
      const page = asked.page ?? 1;
      const { rows, total } = await listAlerts(reads, asked, { limit: LIMIT, skip: (page - 1) * LIMIT });
      const model = { query: { status: asked.status }, rows, total, page, limit: LIMIT, nowMs: clock.now() };
      return refreshed(c, "Alerts", 5, <AlertsPage model={model} />);
    }),
  );
}
