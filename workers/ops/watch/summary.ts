import type { VerificationRun } from "../../shared/clickhouse/tables/verification-runs.ts";
import { type AuditReport, auditToJson } from "../audit/report.ts";
import { type KeyResult, shortfall } from "../verify/compare.ts";
import { toJson, type VerifyReport } from "../verify/report.ts";

/** A run as it is recorded, without what only the loop knows. */
export type RunSummary = Omit<VerificationRun, "runId" | "durationMs">;

/** What a run of one kind says beyond the columns of its row. */
export type RunFacts = {
  /** Number of defects by kind; audits only. */
  defects?: ReadonlyMap<string, number>;
  /** Counts of the whole store; verify only. */
  totals?: { produced: number; stored: number; received: number; duplicates: number; redelivered: number };
  deadLetters?: ReadonlyMap<string, number>;
};

const VERDICTS = { EXACT: "exact", DIFFERENT: "different", "NOT PROVEN": "not_proven" } as const;

/**
 * One lost event shows in several comparisons (ledger, minutes, hours, offsets), so the numbers are those of the
 * comparison that misses most, never their sum.
 */
export function summarizeVerify(report: VerifyReport): { run: RunSummary; facts: RunFacts } {
  const by = { ledger: zero(), minute: zero(), hour: zero() };
  for (const key of report.differences) {
    const { missing, surplus } = countsOf(key);
    by[key.check].missing += missing;
    by[key.check].surplus += surplus;
  }
  const offsets = sum(report.partitions.map((account) => account.missing));
  const impossible = sum(report.partitions.map((account) => account.impossible));
  const checks = Object.values(by);
  const { totals, context } = report;
  const stored = totals.storedOfProducers + totals.storedForeign;
  return {
    run: {
      runAtMs: report.snapshotMs,
      kind: "verify",
      verdict: VERDICTS[report.verdict],
      provenUntilMs: report.provenUntilMs,
      hoursProvenUntilMs: report.hoursProvenUntilMs,
      checkedEvents: stored,
      missing: Math.max(offsets, ...checks.map((check) => check.missing)),
      surplus: Math.max(impossible, ...checks.map((check) => check.surplus)),
      conflicts: context.conflictedIds,
      detailsJson: toJson(report),
    },
    facts:
      // Nothing was read of the store when consumers were behind; zeros would say that it is empty.
      report.behind.length > 0
        ? {}
        : {
            totals: {
              produced: totals.produced,
              stored,
              received: context.received,
              duplicates: context.duplicates,
              redelivered: context.redelivered,
            },
            deadLetters: new Map(context.deadLetters.map((row) => [row.errorClass, row.letters])),
          },
  };
}

/** An audit proves all or nothing: everything up to its snapshot, or no minute by itself. */
export function summarizeAudit(report: AuditReport): { run: RunSummary; facts: RunFacts } {
  const provenUntilMs = report.verdict === "EXACT" ? report.snapshotMs : undefined;
  return {
    run: {
      runAtMs: report.snapshotMs,
      kind: "audit",
      verdict: VERDICTS[report.verdict],
      provenUntilMs,
      hoursProvenUntilMs: undefined,
      checkedEvents: report.totals.events,
      missing: report.defectCounts.get("missing") ?? 0,
      surplus: report.defectCounts.get("surplus") ?? 0,
      conflicts: report.defectCounts.get("conflict") ?? 0,
      detailsJson: auditToJson(report),
    },
    facts: { defects: new Map([...report.defectCounts, ["dead_letter", report.letters.count]]) },
  };
}

const zero = () => ({ missing: 0, surplus: 0 });
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** As many events with other ids are at least one missing and one too many. */
function countsOf({ expected, found }: KeyResult): { missing: number; surplus: number } {
  const { missing, surplus } = shortfall(expected, found);
  if (missing + surplus > 0 || expected.checksum === found.checksum) return { missing, surplus };
  return { missing: 1, surplus: 1 };
}
