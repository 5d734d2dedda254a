import { OpenAPIHono } from "@hono/zod-openapi";
import { buildInfo } from "../../shared/runtime/build-info.ts";
import { errorFields } from "../../shared/runtime/errors.ts";
import { problemOf, problemResponse } from "../http/problem.ts";
import { issuesText } from "../http/query.ts";
import type { Services } from "../services.ts";
import { registerActions } from "./actions.ts";
import { registerEvents } from "./events.ts";
import { registerFigures } from "./figures.ts";
import { registerFindings } from "./findings.ts";

/** The JSON API under /api/v1. Everything but its description needs read access; what changes state needs the token. */
export function createApi(services: Services): OpenAPIHono {
  const { guard, logger } = services;
  const app = new OpenAPIHono({
    defaultHook: (result, c) =>
      result.success
        ? undefined
        : problemResponse(c, { status: 400, title: "Bad request", detail: issuesText(result.error) }),
  });
  app.onError((error, c) => {
    const known = problemOf(error);
    logger[known ? "warn" : "error"]({ path: c.req.path, ...errorFields(error) }, "request failed");
    return problemResponse(c, known ?? { status: 500, title: "Internal error", detail: "See the log." });
  });

  app.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: { title: "countinghouse console", version: buildInfo.version, license: { name: "Apache-2.0" } },
    servers: [{ url: `${services.publicUrl?.path ?? ""}/api/v1` }],
    security: [{}, { token: [] }],
  });
  registerActions(app, services);
  app.use(
    guard.reading((c) =>
      problemResponse(c, {
        status: 401,
        title: "Unauthorized",
        detail: "Send `Authorization: Bearer <CONSOLE_TOKEN>`.",
      }),
    ),
  );
  registerFigures(app, services);
  registerEvents(app, services);
  registerFindings(app, services);
  app.all("*", (c) => problemResponse(c, { status: 404, title: "Not found", detail: "See /api/v1/openapi.json." }));
  return app;
}
