import { type Context, Hono } from "hono";
import { raw } from "hono/html";
import { Fragment } from "hono/jsx";
import { routePath } from "hono/route";
import { buildInfo } from "../../shared/runtime/build-info.ts";
import { errorFields } from "../../shared/runtime/errors.ts";
import { addHealthRoutes } from "../../shared/runtime/health-server.ts";
import { createApi } from "../api/app.ts";
import { createAssets } from "../assets/assets.ts";
import { limitAttempts } from "../auth/attempts.ts";
import { problemOf } from "../http/problem.ts";
import { hostCheck, securityHeaders } from "../http/security.ts";
import type { Services } from "../services.ts";
import { Layout, type PageContext } from "../views/layout.tsx";
import { Failure, Heading, Polled } from "../views/parts.tsx";
import { registerActions } from "./actions.tsx";
import { registerFigures } from "./figures.tsx";
import { registerFindings } from "./findings.tsx";
import type { Render } from "./render.ts";

/** The console: pages, API and assets as one app, testable without a port. */
export function createConsoleApp(services: Services): Hono {
  const { config, publicUrl, guard, metrics, logger, attempts, checkToken, checkWebhook } = services;
  const assets = createAssets();
  const app = new Hono();
  // Load balancers ask by address and without a token.
  addHealthRoutes(app, services.checks);

  app.use(async (c, next) => {
    const end = metrics.requestSeconds.startTimer();
    await next();
    // The pattern, not the path: the number of series must not grow with what is asked for.
    const route = routePath(c);
    end({ route });
    metrics.requests.inc({ route, status: c.res.status });
  });
  app.use(securityHeaders());
  app.use(
    hostCheck({
      host: config.HTTP_HOST,
      readAccess: config.readAccess,
      allowedHosts: config.CONSOLE_ALLOWED_HOSTS,
      publicHost: publicUrl?.hostname,
    }),
  );
  const isToken = (token: string | undefined) => checkToken(token) || checkWebhook(token);
  app.use(limitAttempts({ attempts, isToken, metrics }));

  app.get("/assets/:name", (c) => {
    const asset = assets.find(c.req.param("name"));
    if (asset === undefined) return c.text("Not found\n", 404);
    return c.body(asset.bytes, 200, {
      "content-type": asset.type,
      "cache-control": "public, max-age=31536000, immutable",
    });
  });
  app.route("/api/v1", createApi(services));

  const context = (c: Context): PageContext => ({
    assets: assets.urls,
    path: c.req.path,
    access: guard.access(c),
    canLogIn: config.CONSOLE_TOKEN !== undefined,
    links: [
      { name: "Grafana", url: config.GRAFANA_URL },
      { name: "Prometheus", url: config.PROMETHEUS_URL },
      { name: "Alertmanager", url: config.ALERTMANAGER_URL },
    ].flatMap(({ name, url }) => (url === undefined ? [] : [{ name, url }])),
    version: buildInfo.version,
  });
  const render: Render = (c, title, content, options = {}) => {
    c.status((options.status ?? 200) as 200);
    if (c.req.header("hx-request") === "true") {
      const part = <Fragment>{options.part ?? content}</Fragment>;
      return c.html(part);
    }
    return c.html(
      <>
        {raw("<!doctype html>")}
        <Layout page={context(c)} title={title}>
          {content}
        </Layout>
      </>,
    );
  };

  app.onError((error, c) => {
    const known = problemOf(error);
    logger[known ? "warn" : "error"]({ path: c.req.path, ...errorFields(error) }, "request failed");
    const { status, title, detail } = known ?? {
      status: 500,
      title: "Internal error",
      detail: "See the console's log.",
    };
    const failure = <Failure title={title}>{detail}</Failure>;
    return render(
      c,
      title,
      <Polled id="failed" href={retryPath(c)} seconds={5}>
        <Heading title="Not available" />
        {failure}
        <p class="note">This page tries again by itself.</p>
      </Polled>,
      { status, part: failure },
    );
  });
  app.notFound((c) => {
    const content = (
      <div class="stack">
        <Heading title="Not found" />
        <p>
          There is no such page. <a href="/">Back to the live figures</a>
        </p>
      </div>
    );
    return render(c, "Not found", content, { status: 404 });
  });

  registerActions(app, services, render);
  app.use(guard.reading((c) => c.redirect(`/login?to=${encodeURIComponent(c.req.path)}`)));
  registerFigures(app, services, render);
  registerFindings(app, services, render);
  return app;
}

/** Only what was read is tried again. */
function retryPath(c: Context): string {
  if (c.req.method !== "GET") return "/";
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}
