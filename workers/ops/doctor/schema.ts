import { contractSchema } from "../../shared/clickhouse/metrics/objects.ts";
import { planSchema } from "../../shared/clickhouse/migrate.ts";
import { RETENTION_SLACK_DAYS, rawRetentionDays } from "../../shared/clickhouse/retention.ts";
import {
  EXPECTED_SCHEMA,
  type ExpectedSchema,
  readSchema,
  schemaFindings,
} from "../../shared/clickhouse/rules/schema-rules.ts";
import type { Contract } from "../../shared/contract/contract.ts";
import { shippedContract } from "../../shared/contract/shipped-contract.ts";
import type { Check, Outcome } from "./check.ts";
import { ROLES } from "./roles.ts";
import { ifAllowed, type Session } from "./session.ts";

/** Whether the database is as this binary's migrations and contract make it, and keeps raw events long enough. */
export function schemaChecks(session: Session): Check[] {
  const contract = shippedContract();
  return [
    { name: "schema version", needs: ["clickhouse"], run: () => checkVersion(session, contract) },
    { name: "tables", needs: ["clickhouse"], run: () => checkTables(session, contract) },
    { name: "raw retention", needs: ["clickhouse"], run: () => checkRetention(session) },
  ];
}

async function checkVersion({ clickhouse, role }: Session, contract: Contract): Promise<Outcome> {
  if (visibleTables(role, EXPECTED_SCHEMA).length < Object.keys(EXPECTED_SCHEMA).length) {
    return { skipped: `the role ${role} does not see the whole schema` };
  }
  const { create, pending, replace } = await planSchema(clickhouse, { contract });
  const names = [...pending.map(({ version, name }) => `${version} ${name}`), ...[...create, ...replace].map(nameOf)];
  if (names.length === 0) return { found: "nothing is left for `ops migrate` to do", findings: [] };
  const finding = {
    code: "MIGRATIONS_PENDING",
    severity: "wrong" as const,
    found: `the schema is not this binary's; \`ops migrate\` would make or change ${names.join(", ")}`,
    next: "run `ops migrate`; first what is said of tables, if anything",
  };
  return { found: "", findings: [finding] };
}

const nameOf = ({ name }: { name: string }) => name;

async function checkTables({ clickhouse, role }: Session, contract: Contract): Promise<Outcome> {
  const schema = { ...EXPECTED_SCHEMA, ...contractSchema(contract) };
  const tables = visibleTables(role, schema);
  const findings = schemaFindings(await readSchema(clickhouse), tables, schema);
  return { found: `${tables.length} tables and views are as the schema has them`, findings };
}

/** The tables that a role has any right on; others do not show to it. */
function visibleTables(role: string | undefined, schema: ExpectedSchema): string[] {
  const needs = ROLES.find(({ name }) => name === role)?.needs ?? [];
  const all = Object.keys(schema);
  const named = needs.flatMap((need) => / ON \{database\}\.(\S+)$/.exec(need)?.[1] ?? []);
  return named.length === 0 || named.includes("*") ? all : all.filter((table) => named.includes(table));
}

async function checkRetention(session: Session): Promise<Outcome> {
  const days = await ifAllowed(() => rawRetentionDays(session.clickhouse));
  if (days === undefined) return { skipped: `the role ${session.role} may not read pipeline_settings` };
  session.rawRetentionDays = days;
  const maxAge = session.config.EVENT_MAX_AGE_DAYS;
  const most = days - RETENTION_SLACK_DAYS;
  if (maxAge <= most) return { found: `${days} days, events may be ${maxAge} days old`, findings: [] };
  const finding = {
    code: "RAW_RETENTION_SHORT",
    severity: "wrong" as const,
    found: `raw events are kept for ${days} days, and EVENT_MAX_AGE_DAYS is ${maxAge}: at most ${most} are safe`,
    next: `set EVENT_MAX_AGE_DAYS to at most ${Math.max(1, most)}, or run ops migrate --raw-retention-days ${maxAge + RETENTION_SLACK_DAYS}`,
  };
  return { found: "", findings: [finding] };
}
