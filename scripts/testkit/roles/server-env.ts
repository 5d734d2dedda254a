import { join } from "node:path";

const SCRIPT = join(import.meta.dir, "../../../k8s/clickhouse/start.sh");

/** The CLICKHOUSE_* variables as the server sees them behind the script that it is started with. @throws {Error} with its message. */
export function serverEnv(variables: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = "" } = process.env;
  const { exitCode, stdout, stderr } = Bun.spawnSync(["/bin/sh", SCRIPT, "env", "-0"], { env: { PATH, ...variables } });
  if (exitCode !== 0) throw new Error(stderr.toString().trim());
  const entries = stdout
    .toString()
    .split("\0")
    .map((line): [string, string] => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  return Object.fromEntries(entries.filter(([name]) => name.startsWith("CLICKHOUSE_")));
}
