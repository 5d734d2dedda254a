import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import {
  encodeVerificationRuns,
  VERIFICATION_RUNS_COLUMNS,
  VERIFICATION_RUNS_TABLE,
  type VerificationRun,
} from "../../shared/clickhouse/tables/verification-runs.ts";

/** A recorded run without its details. */
export type RecordedRun = Omit<VerificationRun, "runId" | "detailsJson">;

/** Writes one run; writing it twice is harmless. */
export async function recordRun(clickhouse: ClickHouse, run: VerificationRun): Promise<void> {
  await clickhouse.insert(VERIFICATION_RUNS_TABLE, VERIFICATION_RUNS_COLUMNS, encodeVerificationRuns([run]));
}

type Row = {
  kind: VerificationRun["kind"];
  verdict: VerificationRun["verdict"];
  at: string;
  proven: string | null;
  hours: string | null;
} & Record<"duration_ms" | "checked_events" | "missing" | "surplus" | "conflicts", string>;

/**
 * The newest run of each kind, so that a restart neither resolves an alert nor starts an audit too early. Its proof is
 * the last that was given, even if by an older run.
 */
export async function readLatestRuns(clickhouse: ClickHouse): Promise<RecordedRun[]> {
  const rows = await clickhouse.query<Row>(
    `SELECT latest.kind AS kind, verdict, toUnixTimestamp64Milli(run_at) AS at, duration_ms, checked_events, missing, surplus,
       conflicts, proofs.proven AS proven, proofs.hours AS hours
     FROM verification_latest AS latest
     LEFT JOIN
       (SELECT kind, toUnixTimestamp64Milli(max(proven_until)) AS proven,
          toUnixTimestamp64Milli(max(hours_proven_until)) AS hours
        FROM verification_runs WHERE run_at > now() - INTERVAL 7 DAY GROUP BY kind) AS proofs ON proofs.kind = latest.kind
     ORDER BY kind`,
  );
  const optional = (value: string | null) => (value === null ? undefined : Number(value));
  return rows.map((row) => ({
    kind: row.kind,
    verdict: row.verdict,
    runAtMs: Number(row.at),
    provenUntilMs: optional(row.proven),
    hoursProvenUntilMs: optional(row.hours),
    durationMs: Number(row.duration_ms),
    checkedEvents: Number(row.checked_events),
    missing: Number(row.missing),
    surplus: Number(row.surplus),
    conflicts: Number(row.conflicts),
  }));
}
