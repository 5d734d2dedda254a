import { createClickHouse } from "../../shared/clickhouse/client.ts";
import { asWriteUser } from "../../shared/clickhouse/config.ts";
import { refusalFindings } from "../../shared/clickhouse/rules/setting-rules.ts";
import type { Check, Outcome } from "./check.ts";
import { limited, type Session, toFinding } from "./session.ts";

const NEXT = "check that ClickHouse answers at CLICKHOUSE_URL";

/** Whether ClickHouse answers, and takes the logins. */
export function clickhouseChecks(session: Session): Check[] {
  const write: Check = { name: "clickhouse write login", needs: ["clickhouse"], run: () => checkWriteLogin(session) };
  return [
    { name: "clickhouse", variable: "CLICKHOUSE_URL", run: () => checkServer(session) },
    ...(session.config.CLICKHOUSE_WRITE_USER === undefined ? [] : [write]),
  ];
}

async function checkServer({ config, clickhouse }: Session): Promise<Outcome> {
  const { CLICKHOUSE_URL: url, CLICKHOUSE_DATABASE: database, CLICKHOUSE_USER: user } = config;
  try {
    const [row] = await clickhouse.query<{ version: string }>("SELECT version() AS version");
    const tls = url.startsWith("https:") ? "TLS" : "no TLS";
    return { found: `${url}, version ${row?.version ?? "?"}, ${tls}, ${user} on ${database}`, findings: [] };
  } catch (error) {
    const [refusal] = refusalFindings(user, error);
    if (refusal !== undefined) return { broken: refusal };
    const finding = toFinding(error, NEXT);
    if (finding.code === "CLICKHOUSE_81") {
      return {
        broken: {
          ...finding,
          found: `there is no database ${database}`,
          next: "check CLICKHOUSE_DATABASE; `ops migrate` makes a new one",
        },
      };
    }
    return { broken: { ...finding, found: `${url}: ${finding.found}` } };
  }
}

/** The console and `verify --watch` write with a login of its own. */
async function checkWriteLogin({ config }: Session): Promise<Outcome> {
  const client = createClickHouse(limited(asWriteUser(config)));
  try {
    await client.query("SELECT 1");
    return { found: `${config.CLICKHOUSE_WRITE_USER}`, findings: [] };
  } catch (error) {
    const finding = toFinding(error, NEXT);
    return { found: "", findings: [{ ...finding, next: finding.next.replaceAll("CLICKHOUSE_", "CLICKHOUSE_WRITE_") }] };
  } finally {
    await client.close();
  }
}
