import { withoutLineBreak } from "../../workers/shared/runtime/secret-file.ts";
import { forward } from "./port-forward.ts";
import { NAMESPACE } from "./settings.ts";
import { type Cluster, CommandFailed } from "./shell.ts";

type Secret = { data: Record<string, string> };
export type Sql = { query(sql: string, format?: string): Promise<string>; close(): Promise<void> };

/** SQL over HTTP through a port-forward, as the user of a role; by default the reading one. */
export async function openSql(cluster: Cluster, role: "read" | "migrate" = "read"): Promise<Sql> {
  const secret = await cluster.get<Secret>([`secret/clickhouse-${role}`, "-n", NAMESPACE.app]);
  if (secret === undefined) throw new CommandFailed(`there is no Secret clickhouse-${role}: run make cluster-up`);
  const decode = (key: string) => withoutLineBreak(Buffer.from(secret.data[key] ?? "", "base64").toString());
  const target = { namespace: NAMESPACE.app, resource: "svc/clickhouse", remotePort: 8123 };
  const tunnel = await forward(cluster, target);
  return {
    query: async (sql, format = "PrettyCompactMonoBlock") => {
      const answer = await fetch(`http://127.0.0.1:${tunnel.port}/?database=countinghouse&default_format=${format}`, {
        method: "POST",
        headers: { "x-clickhouse-user": decode("username"), "x-clickhouse-key": decode("password") },
        body: sql,
        signal: AbortSignal.timeout(300_000),
      });
      const text = await answer.text();
      if (!answer.ok) throw new CommandFailed(text.trim());
      return text;
    },
    close: () => tunnel.stop(),
  };
}

/** Answers one statement, or one per line of standard input until it ends. */
export async function sqlShell(cluster: Cluster, statement: string | undefined): Promise<void> {
  const sql = await openSql(cluster);
  try {
    if (statement) {
      process.stdout.write(await sql.query(statement));
      return;
    }
    if (process.stdin.isTTY) console.log("One statement per line; Ctrl-D ends. Try: SHOW TABLES");
    process.stdout.write(process.stdin.isTTY ? "> " : "");
    for await (const line of console) {
      if (/^\s*(exit|quit)?\s*;?\s*$/.test(line)) {
        if (/exit|quit/.test(line)) return;
      } else
        await sql.query(line).then(
          (text) => process.stdout.write(text),
          (error) => console.error(String(error)),
        );
      process.stdout.write(process.stdin.isTTY ? "> " : "");
    }
  } finally {
    await sql.close();
  }
}
