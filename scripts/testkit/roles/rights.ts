import { grantsOf, rolesOf } from "./users-config.ts";

/**
 * What each role may do, once more and apart from the users file: a grant there that is not here is one too many, and one
 * that is missing there stops the work it is for. Objects without a database are the pipeline's.
 */
const RIGHTS: Readonly<Record<string, readonly string[]>> = {
  insert: [
    "INSERT ON dead_letters_raw",
    "INSERT ON events_raw",
    "INSERT ON ledger_counts",
    "INSERT ON ledger_instances",
    "INSERT ON offsets_without_message",
    "SELECT ON contract_versions",
    "SELECT ON pipeline_settings",
  ],
  read: [
    "SELECT ON *",
    "SELECT ON system.columns",
    "SELECT ON system.merges",
    "SELECT ON system.parts",
    "SELECT ON system.tables",
    "SELECT ON system.view_refreshes",
  ],
  operate: [
    "INSERT ON dead_letter_replays_raw",
    "INSERT ON offsets_without_message",
    "INSERT ON proof_progress",
    "INSERT ON received_alerts",
    "INSERT ON verification_runs",
    "SELECT ON *",
    "SELECT ON system.columns",
    "SELECT ON system.merge_tree_settings",
    "SELECT ON system.tables",
    "SELECT ON system.view_refreshes",
  ],
  resolve: [
    "ALTER DELETE ON event_index",
    "ALTER DELETE ON events_raw",
    "INSERT ON conflict_resolutions",
    "INSERT ON minute_marks",
    "SELECT ON *",
  ],
  lake: [
    "CREATE TEMPORARY TABLE ON *.*",
    "INSERT ON lake_files",
    "INSERT ON lake_runs",
    "S3 ON *.*",
    "SELECT ON conflict_resolutions",
    "SELECT ON contract_versions",
    "SELECT ON events",
    "SELECT ON events_per_hour_store",
    "SELECT ON events_per_minute_store",
    "SELECT ON events_raw",
    "SELECT ON lake_files",
    "SELECT ON lake_pending",
    "SELECT ON lake_runs",
    "SELECT ON minute_marks",
    "SELECT ON pipeline_settings",
    "SELECT ON raw_horizon",
  ],
  restore: [
    "CREATE TEMPORARY TABLE ON *.*",
    "INSERT ON events_raw",
    "INSERT ON lake_files",
    "INSERT ON lake_runs",
    "S3 ON *.*",
    "SELECT ON events_raw",
    "SELECT ON lake_files",
    "SELECT ON lake_runs",
    "SELECT ON pipeline_settings",
    "SELECT ON raw_horizon",
  ],
  migrate: [
    "ALL ON *",
    "CLUSTER ON *.*",
    "SELECT ON system.columns",
    "SELECT ON system.merge_tree_settings",
    "SELECT ON system.tables",
    "SELECT ON system.view_refreshes",
  ],
};

/** How the grants of a users file differ from what each role may do, one line each. */
export function rightsFindings(usersFile: string): string[] {
  const roles = [...new Set([...rolesOf(usersFile), ...Object.keys(RIGHTS)])];
  return roles.flatMap((role) => {
    const wanted = new Set(RIGHTS[role] ?? []);
    const given = new Set(rolesOf(usersFile).includes(role) ? grantsOf(usersFile, role).flatMap(flat) : []);
    const missing = [...wanted].filter((right) => !given.has(right)).map((right) => `${role}: no ${right}`);
    const surplus = [...given].filter((right) => !wanted.has(right)).map((right) => `${role}: ${right} is too much`);
    return [...missing, ...surplus];
  });
}

/** `GRANT A, B ON countinghouse.t` as `A ON t` and `B ON t`. */
function flat(grant: string): string[] {
  const [, rights = "", object = ""] = /^GRANT (.+) ON (\S+)$/.exec(grant) ?? [];
  return rights.split(", ").map((right) => `${right} ON ${object.replace(/^countinghouse\./, "")}`);
}

/** A statement that a role must be refused; code 497 (no right), or 164 where the role only reads. */
type Forbidden = { readonly sql: string; readonly roles: readonly string[] };

const EVERY = Object.keys(RIGHTS);
const but = (...roles: string[]) => EVERY.filter((role) => !roles.includes(role));

/** Statements by which the data, the schema or another system would be reached, and who must not run them. */
export const FORBIDDEN: readonly Forbidden[] = [
  { sql: "SELECT count() FROM events_raw", roles: ["insert"] },
  { sql: "SELECT count() FROM events", roles: ["insert"] },
  { sql: "SELECT * FROM minute_marks", roles: ["insert"] },
  { sql: "SELECT * FROM dead_letters_raw", roles: ["insert", "lake", "restore"] },
  { sql: "SELECT * FROM verification_runs", roles: ["insert", "lake", "restore"] },
  { sql: "INSERT INTO events_raw (user_id) VALUES ('x')", roles: but("insert", "restore", "migrate") },
  { sql: "INSERT INTO minute_marks (rows_marked) VALUES (1)", roles: but("resolve", "migrate") },
  { sql: "INSERT INTO pipeline_settings (name, value) VALUES ('raw_retention_days', '1')", roles: but("migrate") },
  { sql: "INSERT INTO contract_versions (version) VALUES (99)", roles: but("migrate") },
  { sql: "INSERT INTO events_per_minute_store (events) VALUES (1)", roles: but("migrate") },
  { sql: "INSERT INTO verification_runs (verdict) VALUES ('exact')", roles: but("operate", "migrate") },
  { sql: "INSERT INTO conflict_resolutions (source) VALUES ('x')", roles: but("resolve", "migrate") },
  { sql: "INSERT INTO lake_files (lake) VALUES ('x')", roles: but("lake", "restore", "migrate") },
  { sql: "ALTER TABLE events_raw DELETE WHERE 1", roles: but("resolve", "migrate") },
  { sql: "DELETE FROM events_raw WHERE 1", roles: but("resolve", "migrate") },
  { sql: "ALTER TABLE events_raw UPDATE user_id = 'x' WHERE 1", roles: but("migrate") },
  { sql: "DELETE FROM ledger_counts WHERE 1", roles: but("migrate") },
  { sql: "TRUNCATE TABLE events_raw", roles: but("migrate") },
  { sql: "DROP TABLE events_raw", roles: but("migrate") },
  { sql: "ALTER TABLE events_raw DROP COLUMN extra", roles: but("migrate") },
  { sql: "DROP VIEW minute_marks_on_insert", roles: but("migrate") },
  { sql: "ALTER TABLE events MODIFY DEFINER = CURRENT_USER SQL SECURITY DEFINER", roles: but("migrate") },
  { sql: "CREATE TABLE x (a UInt8) ENGINE = Memory", roles: but("migrate") },
  { sql: "CREATE VIEW x AS SELECT 1", roles: but("migrate") },
  { sql: "SYSTEM STOP VIEW events_per_minute_refresh", roles: but("migrate") },
  { sql: "OPTIMIZE TABLE events_raw FINAL", roles: but("migrate") },
  { sql: "CREATE DATABASE other", roles: EVERY },
  { sql: "CREATE USER x", roles: EVERY },
  { sql: "GRANT SELECT ON *.* TO countinghouse_read", roles: EVERY },
  { sql: "CREATE FUNCTION x AS (a) -> a", roles: EVERY },
  { sql: "SELECT * FROM system.users", roles: EVERY },
  { sql: "SELECT * FROM url('http://127.0.0.1:1/x', 'CSV', 'a UInt8')", roles: EVERY },
  { sql: "SELECT * FROM file('/etc/passwd', 'LineAsString')", roles: EVERY },
  { sql: "SELECT * FROM remote('127.0.0.1', 'system', 'one')", roles: EVERY },
  { sql: "SELECT * FROM s3('http://127.0.0.1:1/bucket/x', 'CSV', 'a UInt8')", roles: but("lake", "restore") },
  {
    sql: "INSERT INTO FUNCTION s3('http://127.0.0.1:1/bucket/x', 'CSV', 'a UInt8') SELECT 1",
    roles: but("lake", "restore"),
  },
];
