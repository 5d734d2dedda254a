import { quoteIdentifier } from "../../shared/clickhouse/quote.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import type { Finding } from "../../shared/runtime/finding.ts";
import type { Check, Outcome } from "./check.ts";
import { ROLES, type Role } from "./roles.ts";
import type { Session } from "./session.ts";

/** What the login may do, compared with the users file that is shipped. */
export function rightsChecks(session: Session): Check[] {
  return [{ name: "rights", needs: ["clickhouse"], run: () => checkRights(session) }];
}

/** What one role would still need. */
type Gap = { role: string; missing: readonly string[] };

async function checkRights(session: Session): Promise<Outcome> {
  const { config } = session;
  const user = config.CLICKHOUSE_USER;
  const named = session.role ?? ROLES.find(({ name }) => user === `countinghouse_${name}`)?.name;
  const asked = named === undefined ? ROLES : ROLES.filter(({ name }) => name === named);
  const gaps: Gap[] = [];
  for (const role of asked) gaps.push({ role: role.name, missing: await missingRights(session, role) });
  const able = gaps.filter(({ missing }) => missing.length === 0).map(({ role }) => role);
  session.role = named ?? strongest(able);
  if (able.length > 0) return { found: `${user} may act as ${able.join(", ")}`, findings: [] };
  // Nobody said what the login is for: the role it comes closest to.
  const [nearest] = gaps.toSorted((a, b) => a.missing.length - b.missing.length);
  session.role ??= nearest?.role;
  return { found: "", findings: (nearest?.missing ?? []).map((right) => denied(user, nearest?.role ?? "", right)) };
}

async function missingRights({ clickhouse, config }: Session, role: Role): Promise<string[]> {
  const database = quoteIdentifier(config.CLICKHOUSE_DATABASE);
  const missing: string[] = [];
  for (const need of role.needs) {
    const right = need.replaceAll("{database}", database);
    if (!(await isGranted(clickhouse.text, right))) missing.push(right);
  }
  return missing;
}

const UNKNOWN_TABLE = "CLICKHOUSE_60";

/** `GRANT ALL` on a database gives what one can have there; CHECK GRANT ALL asks for more, and is never answered with yes. */
const ALL_ON_DATABASE =
  "SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, TRUNCATE, OPTIMIZE, SYSTEM VIEWS";

async function isGranted(ask: (sql: string) => Promise<string>, right: string): Promise<boolean> {
  try {
    return (await ask(`CHECK GRANT ${right.replace(/^ALL ON/, `${ALL_ON_DATABASE} ON`)}`)) === "1";
  } catch (error) {
    // A right on a table that is not there yet: the check of the tables says so.
    if (error instanceof AppError && error.code === UNKNOWN_TABLE) return true;
    throw error;
  }
}

/** From the role that sees most to the one that sees least. */
const BY_REACH = ["migrate", "restore", "operate", "resolve", "read", "lake", "insert"];

function strongest(roles: readonly string[]): string | undefined {
  return BY_REACH.find((name) => roles.includes(name)) ?? roles[0];
}

const denied = (user: string, role: string, right: string): Finding => ({
  code: "GRANT_MISSING",
  severity: "wrong",
  found: `${user} lacks ${right}, which the role ${role} needs`,
  next: `GRANT ${right} TO ${quoteIdentifier(user)}, or in the users file as k8s/clickhouse/users.d has it`,
});
