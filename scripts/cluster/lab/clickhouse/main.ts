/**
 * Stands in for the ClickHouse server in the laboratory: the embedded engine behind HTTP on every address, with the users of
 * k8s/clickhouse by name and password. Grants, quotas, the native protocol and metrics are the server's alone.
 */
import { join } from "node:path";
import { createHandler } from "../../../testkit/engine/handler.ts";
import { Sessions } from "../../../testkit/engine/sessions.ts";
import { Spool } from "../../../testkit/engine/spool.ts";
import { knownUsers, withCredentials } from "./users.ts";

const DIR = "/var/lib/clickhouse";
const HTTP_PORT = 8123;
const METRICS_PORT = 9363;

const inner = { user: "engine", password: crypto.randomUUID() };
const users = knownUsers(process.env);
const memoryMb = Number(process.env.ENGINE_MEMORY_MB ?? "1280");
const sessions = new Sessions(join(DIR, "data"), memoryMb);
const spool = new Spool(join(DIR, "spool"));
const config = { dir: DIR, port: HTTP_PORT, memoryMb, ...inner };
const handler = createHandler(config, { sessions, spool, version: await sessions.version() });

const server = Bun.serve({
  hostname: "0.0.0.0",
  port: HTTP_PORT,
  idleTimeout: 0,
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  fetch: (request) => handler(withCredentials(request, users, inner)),
});
const metrics = Bun.serve({
  hostname: "0.0.0.0",
  port: METRICS_PORT,
  fetch: () =>
    new Response("# TYPE lab_clickhouse_front_up gauge\nlab_clickhouse_front_up 1\n", {
      headers: { "content-type": "text/plain; version=0.0.4" },
    }),
});
console.log(`engine ready on ${server.url}`);

async function stop(): Promise<void> {
  await metrics.stop(true);
  await server.stop();
  await sessions.close();
  process.exit(0);
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
