import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");
const DASHBOARDS = "charts/countinghouse/files/dashboards";

/** The example queries of docs/sql.md, as they are printed there. */
export function documentedQueries(): string[] {
  const text = readFileSync(join(ROOT, "docs/sql.md"), "utf8");
  return [...text.matchAll(/`(SELECT [^`]*)`/g)].map(([, query = ""]) => query).filter((query) => / FROM /.test(query));
}

/** The SQL of the dashboards, with the macro of Grafana's plugin filled in: the last day. */
export function dashboardQueries(): string[] {
  const files = readdirSync(join(ROOT, DASHBOARDS)).map((name) => readFileSync(join(ROOT, DASHBOARDS, name), "utf8"));
  return files
    .flatMap((text) => [...text.matchAll(/"rawSql": ("(?:[^"\\]|\\.)*")/g)])
    .map(([, literal = ""]) => String(JSON.parse(literal)))
    .map((sql) => sql.replaceAll(/\$__timeFilter\((\w+)\)/g, "$1 >= now('UTC') - INTERVAL 1 DAY"));
}
