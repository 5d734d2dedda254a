import type { EncodedRows } from "./events-raw.ts";
import { dateTime64, encodeJsonRows } from "./json-rows.ts";

export const VERIFICATION_KINDS = ["verify", "audit"] as const;
export const VERIFICATION_VERDICTS = ["exact", "different", "not_proven"] as const;

/** One run of a proof. Times are Unix milliseconds. */
export type VerificationRun = {
  /** UUID; the same run sent twice is one row. */
  runId: string;
  runAtMs: number;
  kind: (typeof VERIFICATION_KINDS)[number];
  verdict: (typeof VERIFICATION_VERDICTS)[number];
  /** Everything before is proven; undefined: nothing is. */
  provenUntilMs: number | undefined;
  hoursProvenUntilMs: number | undefined;
  durationMs: number;
  checkedEvents: number;
  missing: number;
  surplus: number;
  /** Conflicted event_ids. */
  conflicts: number;
  /** The report's machine form, a JSON object as text. */
  detailsJson: string;
};

export const VERIFICATION_RUNS_TABLE = "verification_runs";
export const VERIFICATION_RUNS_COLUMNS = [
  "run_id",
  "run_at",
  "kind",
  "verdict",
  "proven_until",
  "hours_proven_until",
  "duration_ms",
  "checked_events",
  "missing",
  "surplus",
  "conflicts",
  "details",
] as const;

/** Encodes rows for an insert into verification_runs. */
export function encodeVerificationRuns(runs: Iterable<VerificationRun>): EncodedRows {
  return encodeJsonRows(
    [...runs].map((run) => ({
      run_id: run.runId,
      run_at: dateTime64(run.runAtMs),
      kind: run.kind,
      verdict: run.verdict,
      proven_until: dateTime64(run.provenUntilMs),
      hours_proven_until: dateTime64(run.hoursProvenUntilMs),
      duration_ms: Math.round(run.durationMs),
      checked_events: run.checkedEvents,
      missing: run.missing,
      surplus: run.surplus,
      conflicts: run.conflicts,
      details: run.detailsJson,
    })),
  );
}
