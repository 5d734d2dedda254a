import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClickHouse } from "../../workers/shared/clickhouse/client.ts";
import { PYTHON } from "./tools.ts";

/** Lines of docs/lake.md that leave the number of events by source in `counts`. */
export type DocumentedReader = { name: string; code: string };

/** The address that docs/lake.md has in place of the reader's own. */
export const DOCUMENTED_S3 = "s3://bucket/prefix/events/";

/** The readers as docs/lake.md prints them; where it says that an address does in place of the directory, with that. */
export function documentedReaders(): { onFiles: DocumentedReader[]; onS3: DocumentedReader[] } {
  const text = readFileSync(join(import.meta.dir, "../../docs/lake.md"), "utf8");
  const all = [...text.matchAll(/```python\n([\s\S]*?)```/g)].map(([, code = ""]) => ({
    name: /^(?:import|from) (\w+)/.exec(code)?.[1] ?? "",
    // The documented date is a fixed one.
    code: code.replace("2026-05-01", "2000-01-01"),
  }));
  const onFiles = all.filter(({ code }) => code.includes("/lake/events/"));
  const ownLines = all.filter(({ code }) => code.includes(DOCUMENTED_S3));
  const byAddress = onFiles
    .filter(({ name }) => !ownLines.some((other) => other.name === name))
    .map(({ name, code }) => ({ name, code: code.replaceAll("/lake/events/", DOCUMENTED_S3) }));
  return { onFiles, onS3: [...byAddress, ...ownLines] };
}

/** What a reader counts. @throws {Error} with its last words */
export async function runReader(code: string, env: Record<string, string> = {}): Promise<Record<string, number>> {
  const printing = "import json\nprint(json.dumps({k: int(v) for k, v in counts.items()}))";
  const child = Bun.spawn([PYTHON, "-c", `${code}\n${printing}`], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [exit, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if (exit !== 0) throw new Error(`${code}\nfailed (${exit}):\n${err.slice(-2_000)}`);
  return JSON.parse(out) as Record<string, number>;
}

/** The same of the store. */
export async function countBySource(clickhouse: ClickHouse): Promise<Record<string, number>> {
  const rows = await clickhouse.query<{ source: string; n: string }>(
    "SELECT source, toString(count()) AS n FROM events GROUP BY source",
  );
  return Object.fromEntries(rows.map(({ source, n }) => [source, Number(n)]));
}
