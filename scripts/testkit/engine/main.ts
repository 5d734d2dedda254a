/**
 * The ClickHouse engine (chdb) behind the part of ClickHouse's HTTP interface that `@clickhouse/client` uses.
 *
 * This is development equipment: it lets the workers and tests run unchanged without a ClickHouse server. It is the same
 * engine (parser, MergeTree, refreshable views, formats, error numbers), but not a server:
 * - one user from the environment; no CREATE USER, GRANT, QUOTA or row policy. Grants, profile and quota may come from a
 *   configuration file (ENGINE_CONFIG_FILE), where they are those of the user `default`
 * - no HTTP sessions (`session_id`), roles, external tables; no native protocol; no replication, no Keeper
 * - no system.query_log and its relatives; `query_id` is echoed but unknown to the engine, so KILL QUERY cannot use it
 * - a result is complete before its first byte is sent, so an error never appears in the middle of one
 * - the summary header counts result rows as read rows
 */
import { join } from "node:path";
import { readConfig } from "./config.ts";
import { createHandler } from "./handler.ts";
import { Sessions } from "./sessions.ts";
import { Spool } from "./spool.ts";

const config = readConfig(process.env);
const sessions = new Sessions(join(config.dir, "data"), config.memoryMb, config.configFile);
const spool = new Spool(join(config.dir, "spool"));
const handler = createHandler(config, { sessions, spool, version: await sessions.version() });

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: config.port,
  idleTimeout: 0, // a slow query is silent for as long as it runs
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  fetch: handler,
  error(error) {
    console.error(error);
    return new Response(`Code: 1002. DB::Exception: ${error.message}. (UNKNOWN_EXCEPTION)\n`, {
      status: 500,
      headers: { "x-clickhouse-exception-code": "1002" },
    });
  },
});
console.log(`engine ready on ${server.url}`);

async function stop(): Promise<void> {
  await server.stop(); // waits for the requests under way
  await sessions.close();
  process.exit(0);
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
