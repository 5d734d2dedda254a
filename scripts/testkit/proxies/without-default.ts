import type { Component } from "../../../workers/shared/runtime/lifecycle.ts";

/** What stands before the engine to make it a server without a database called `default`. */
export type DefaultlessFront = Component & { readonly url: string };

/**
 * The embedded engine cannot be opened without a database `default`, so this front answers requests that name it as a server
 * does that has none. A request may name no database at all, as for CREATE DATABASE.
 */
export function startWithoutDefault(engineUrl: string): DefaultlessFront {
  const front = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => {
      const { pathname, search, searchParams } = new URL(request.url);
      const database = searchParams.get("database") ?? request.headers.get("x-clickhouse-database");
      if (database === "default") return unknownDatabase();
      const { method, headers, body } = request;
      return fetch(`${engineUrl}${pathname}${search}`, { method, headers, body });
    },
  });
  return { name: "without-default", url: `http://127.0.0.1:${front.port}`, stop: () => front.stop(true) };
}

function unknownDatabase(): Response {
  const text = "Code: 81. DB::Exception: Database `default` does not exist. (UNKNOWN_DATABASE)\n";
  return new Response(text, { status: 404, headers: { "x-clickhouse-exception-code": "81" } });
}
