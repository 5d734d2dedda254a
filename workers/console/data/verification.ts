import { z } from "zod";
import type { VerificationRun } from "../../shared/clickhouse/tables/verification-runs.ts";
import type { Reads } from "./reads.ts";

/** A run without its details. */
export type RunRow = Omit<VerificationRun, "detailsJson">;

type Raw = {
  run_id: string;
  at: string;
  kind: RunRow["kind"];
  verdict: RunRow["verdict"];
  proven: string | null;
  hours: string | null;
  duration_ms: string;
  checked_events: string;
  missing: string;
  surplus: string;
  conflicts: string;
};

const COLUMNS = `run_id, toUnixTimestamp64Milli(run_at) AS at, kind, verdict, toUnixTimestamp64Milli(proven_until) AS proven,
  toUnixTimestamp64Milli(hours_proven_until) AS hours, duration_ms, checked_events, missing, surplus, conflicts`;

const optional = (value: string | null) => (value === null ? undefined : Number(value));

const toRun = (row: Raw): RunRow => ({
  runId: row.run_id,
  runAtMs: Number(row.at),
  kind: row.kind,
  verdict: row.verdict,
  provenUntilMs: optional(row.proven),
  hoursProvenUntilMs: optional(row.hours),
  durationMs: Number(row.duration_ms),
  checkedEvents: Number(row.checked_events),
  missing: Number(row.missing),
  surplus: Number(row.surplus),
  conflicts: Number(row.conflicts),
});

/** The newest run of each kind. */
export async function latestRuns(reads: Reads): Promise<RunRow[]> {
  const rows = await reads.rows<Raw>(
    "verification_latest",
    `SELECT ${COLUMNS} FROM verification_latest ORDER BY kind DESC`,
  );
  return rows.map(toRun);
}

/** Messages proven later than this ago are worth a look, ms. */
export const PROOF_LAG_MS = 5 * 60_000;

/** How far the continuous audit has come in all partitions together. */
export type ProofState = {
  /** Everything appended before is compared with the store, and shown; Unix ms. Undefined: not everywhere. */
  provenUntilMs: number | undefined;
  shownUntilMs: number | undefined;
  /** Partitions at which it stands because of a difference. */
  different: number;
  /** Offsets that could not be compared, ever. */
  unproven: number;
};

/** Undefined while no continuous audit has saved anything. */
export async function proofState(reads: Reads): Promise<ProofState | undefined> {
  const [row] = await reads.rows<{ n: string; stored: string | null; shown: string | null; bad: string; gaps: string }>(
    "proof",
    `SELECT count() AS n, if(countIf(isNull(proven_until)) > 0, NULL, toUnixTimestamp64Milli(min(proven_until))) AS stored,
       if(countIf(isNull(proven_until)) > 0, NULL, toUnixTimestamp64Milli(min(minutes_proven_until))) AS shown,
       countIf(difference != '') AS bad, sum(unproven) AS gaps
     FROM proof`,
  );
  if (row === undefined || row.n === "0") return undefined;
  return {
    provenUntilMs: optional(row.stored),
    shownUntilMs: optional(row.shown),
    different: Number(row.bad),
    unproven: Number(row.gaps),
  };
}

/** The latest moment that a verification has proven, Unix ms. A later one that proves nothing does not undo it. */
export async function lastProven(reads: Reads): Promise<number | undefined> {
  const [row] = await reads.rows<{ t: string | null }>(
    "verification_last_proven",
    "SELECT toUnixTimestamp64Milli(max(proven_until)) AS t FROM verification_runs WHERE kind = 'verify' AND verdict != 'different'",
  );
  return optional(row?.t ?? null);
}

/** One page of runs, newest first, and how many there are. */
export async function listRuns(
  reads: Reads,
  filter: { kind?: string | undefined; verdict?: string | undefined },
  page: { limit: number; skip: number },
): Promise<{ rows: RunRow[]; total: number }> {
  const parts = ["1"];
  if (filter.kind !== undefined) parts.push("kind = {kind:String}");
  if (filter.verdict !== undefined) parts.push("verdict = {verdict:String}");
  const from = `FROM verification_runs FINAL WHERE ${parts.join(" AND ")}`;
  const params = {
    ...(filter.kind === undefined ? {} : { kind: filter.kind }),
    ...(filter.verdict === undefined ? {} : { verdict: filter.verdict }),
  };
  const [rows, [count]] = await Promise.all([
    reads.rows<Raw>(
      "verification_list",
      `SELECT ${COLUMNS} ${from} ORDER BY run_at DESC, run_id DESC LIMIT {limit:UInt64} OFFSET {skip:UInt64}`,
      { ...params, ...page },
    ),
    reads.rows<{ n: string }>("verification_count", `SELECT count() AS n ${from}`, params),
  ]);
  return { rows: rows.map(toRun), total: Number(count?.n ?? 0) };
}

/** One run with its report; undefined when there is none with that id (a UUID). */
export async function loadRun(reads: Reads, runId: string): Promise<VerificationRun | undefined> {
  const [row] = await reads.rows<Raw & { details: string }>(
    "verification_run",
    `SELECT ${COLUMNS}, details FROM verification_runs FINAL WHERE run_id = {id:UUID} LIMIT 1`,
    { id: runId },
  );
  return row && { ...toRun(row), detailsJson: row.details };
}

const count = z.object({ events: z.number() }).loose();

const differenceSchema = z
  .object({
    check: z.string(),
    time: z.string().nullable(),
    source: z.string(),
    event_type: z.string(),
    outcome: z.string(),
    expected: count,
    found: count,
  })
  .loose();

const defectSchema = z
  .object({
    kind: z.string(),
    event_id: z.string(),
    minute: z.string(),
    group: z.string(),
    in_topic: z.number().nullable(),
    in_store: z.number().nullable(),
    detail: z.string(),
  })
  .partial({ in_topic: true, in_store: true, detail: true, group: true, minute: true })
  .loose();

const partitionSchema = z
  .object({ partition: z.number(), missing: z.number(), missing_ranges: z.array(z.unknown()).default([]) })
  .loose();

const detailsSchema = z
  .object({
    differences: z.array(differenceSchema),
    unproven: z.array(differenceSchema),
    unsettled: z.array(differenceSchema),
    other_differences: z.array(z.string()),
    conflicts: z.array(z.string()),
    defect_list: z.array(defectSchema),
    dead_letter_list: z.array(z.unknown()),
    partitions: z.array(partitionSchema),
  })
  .partial()
  .loose();

/** What the page shows of a report; the rest is shown as JSON. */
export type RunDetails = z.output<typeof detailsSchema>;

/** The known parts of a report. Reports of other versions may lack or shape parts differently: undefined then. */
export function parseDetails(json: string): RunDetails | undefined {
  try {
    const parsed = detailsSchema.safeParse(JSON.parse(json));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
