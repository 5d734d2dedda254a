import { ownerGone, probeInsert } from "../../shared/clickhouse/rules/insert-probe.ts";
import { EXPECTED_SCHEMA } from "../../shared/clickhouse/rules/schema-rules.ts";
import type { Finding } from "../../shared/runtime/finding.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { Check, Outcome } from "./check.ts";
import { ifAllowed, type Session } from "./session.ts";

/** Whose rights the views run with, whether inserts get through them, and whether they are refreshed. */
export function viewChecks(session: Session): Check[] {
  return [
    { name: "view owners", needs: ["clickhouse"], run: () => checkOwners(session) },
    { name: "inserts", needs: ["clickhouse"], run: () => checkInserts(session) },
    { name: "view refreshes", needs: ["clickhouse"], run: () => checkRefreshes(session) },
  ];
}

type ViewRow = { name: string; definer: string; none: number };

const VIEWS = `SELECT name, definer, position(create_table_query, ' SQL SECURITY NONE ') > 0 AS none
FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView' ORDER BY name`;

const MIGRATE = "run `ops migrate`, which sets the owners of all views";

async function checkOwners({ clickhouse, role }: Session): Promise<Outcome> {
  const views = (await clickhouse.query<ViewRow>(VIEWS)).filter(({ name }) => name in EXPECTED_SCHEMA);
  if (views.length === 0) return { skipped: `the role ${role} may not see the views` };
  const users = await ifAllowed(() => clickhouse.query<{ name: string }>("SELECT name FROM system.users"));
  const known = users === undefined ? undefined : new Set(users.map(({ name }) => name));
  const owners = [...new Set(views.map(({ definer }) => definer))].filter((name) => name !== "");
  const asked = known === undefined ? " (this login may not ask whether they exist; inserts and refreshes tell)" : "";
  return {
    found: `owned by ${owners.join(", ")}${asked}`,
    findings: views.flatMap((view) => ownerFindings(view, known)),
  };
}

/** @param known the server's users; undefined when they may not be read. */
export function ownerFindings({ name, definer, none }: ViewRow, known: ReadonlySet<string> | undefined): Finding[] {
  if (definer === "") {
    const found = none
      ? `view ${name} has SQL SECURITY NONE: whoever inserts writes with all rights`
      : `view ${name} does not say with whose rights it runs: inserts need the right to read its tables`;
    return [{ code: "VIEW_WITHOUT_OWNER", severity: "wrong", found, next: MIGRATE }];
  }
  return known === undefined || known.has(definer)
    ? []
    : [ownerGone(`view ${name} runs with the rights of ${definer}`)];
}

const UNKNOWN_USER = "CLICKHOUSE_192";
/** Codes by which the server says that inserting is not this login's business, or that there is nothing to insert into. */
const NOT_OURS: ReadonlySet<string> = new Set(["CLICKHOUSE_497", "CLICKHOUSE_60"]);

async function checkInserts({ clickhouse, role }: Session): Promise<Outcome> {
  const findings = await probeInsert(clickhouse);
  if (role !== "insert" && findings.some(({ code }) => NOT_OURS.has(code))) {
    return { skipped: `the role ${role} stores no events` };
  }
  return { found: "an insert into events_raw gets through its views", findings };
}

/** A refresh as the server tells of it. Seconds. */
export type RefreshRow = { database: string; view: string; status: string; exception: string; age: number | null };

const REFRESHES = `SELECT database, view, status, exception, dateDiff('second', last_success_time, now()) AS age
FROM system.view_refreshes WHERE database = currentDatabase()`;

/** Views are refreshed every second or two; one that rests for longer is not just busy, s. */
const STALE_S = 60;
/** How long a first refresh, or the end of one that runs, is waited for, ms. */
const SETTLE_MS = 5_000;

async function checkRefreshes({ clickhouse, io, role }: Session): Promise<Outcome> {
  const names = Object.entries(EXPECTED_SCHEMA).flatMap(([name, { refreshed }]) => (refreshed ? [name] : []));
  const seen = await clickhouse.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN {names:Array(String)}",
    { params: { names } },
  );
  if (seen.length === 0) return { skipped: `the role ${role} may not see the refreshed views` };
  const deadlineMs = io.clock.now() + SETTLE_MS;
  const settled = new Map<string, RefreshRow>();
  for (;;) {
    const rows = await ifAllowed(() => clickhouse.query<RefreshRow>(REFRESHES));
    if (rows === undefined) return { skipped: `the role ${role} may not read system.view_refreshes` };
    for (const row of rows) if (isSettled(row)) settled.set(row.view, row);
    if (rows.every(({ view }) => settled.has(view)) || io.clock.now() >= deadlineMs || io.signal.aborted) {
      const findings = seen.flatMap(({ name }) =>
        refreshFindings(name, settled.get(name) ?? rows.find(({ view }) => view === name)),
      );
      return { found: `${seen.length} views, refreshed within the last minute`, findings };
    }
    await sleep(200, io.signal);
  }
}

/**
 * Whether a row tells how the last refresh ended. The server forgets an exception when the next attempt begins, so a view
 * that fails each time would pass for a busy one; one that was made just now has not been refreshed yet.
 */
function isSettled({ status, exception, age }: RefreshRow): boolean {
  return status === "Disabled" || exception !== "" || (status !== "Running" && age !== null);
}

/** @param row undefined: the view is not one that is refreshed. */
export function refreshFindings(view: string, row: RefreshRow | undefined): Finding[] {
  const finding = (code: string, found: string, next: string): Finding[] => [
    { code, severity: "wrong", found: `view ${view} ${found}`, next },
  ];
  if (row === undefined)
    return finding("VIEW_NOT_REFRESHED", "has no refresh schedule", "drop it, and run `ops migrate`");
  // Without its database the statement does nothing, and says nothing, to a view of another one.
  const path = `\`${row.database}\`.${view}`;
  // First: stopping a view in the middle of a refresh leaves that one's cancellation behind as an exception.
  if (row.status === "Disabled") {
    return finding("VIEW_REFRESH_STOPPED", "was stopped", `as the user that migrates: SYSTEM START VIEW ${path}`);
  }
  if (row.exception !== "") {
    if (errorCode(row.exception) === UNKNOWN_USER) return [ownerGone(`view ${view}: ${firstLine(row.exception)}`)];
    return finding(
      "VIEW_REFRESH_FAILS",
      `is not refreshed: ${firstLine(row.exception)}`,
      "fix what the message names; it is tried again by itself",
    );
  }
  if (row.status === "Running" || (row.age !== null && row.age <= STALE_S)) return [];
  const last = row.age === null ? "has never been refreshed" : `was refreshed ${row.age} s ago`;
  return finding(
    "VIEW_REFRESH_STALE",
    `${last} (${row.status})`,
    `as the user that migrates: SYSTEM REFRESH VIEW ${path}, and look at system.view_refreshes`,
  );
}

/** `CLICKHOUSE_192` of the text that the server keeps of a refresh; its number is all it has in a column of its own kind. */
function errorCode(exception: string): string {
  return `CLICKHOUSE_${/^Code: (\d+)\./.exec(exception)?.[1] ?? "0"}`;
}

function firstLine(exception: string): string {
  return (exception.split(", Stack trace")[0] ?? "").slice(0, 300);
}
