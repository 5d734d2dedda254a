import type { DeadLetterClass } from "../../shared/event/index.ts";
import type { Gap } from "../../shared/kafka/fetched-records.ts";
import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";
import { EXIT, type ExitCode } from "../cli/exit-codes.ts";
import type { Behind } from "../verify/catch-up.ts";
import type { Hidden } from "../verify/hidden.ts";
import { type BucketTotals, formatE4 } from "./compare-bucket.ts";
import type { LetterCheck } from "./dead-letters.ts";
import type { Defect, DefectKind } from "./defect.ts";

export type AuditVerdictName = "EXACT" | "DIFFERENT" | "NOT PROVEN";

/** A defect with its group's name. */
export type NamedDefect = Defect & { group: string };

export type MoneyRow = { currency: string; topic: bigint; store: bigint };

/** Offsets and rows the audit could not judge. */
export type Unseen = {
  /** Offsets per partition that the topic has deleted: 0 up to, but without, `from`. */
  deleted: { partition: number; end: number }[];
  /** Messages that a transaction which is still open hides from everybody. */
  hidden: Hidden[];
  /** Offsets inside the range that could not be read, or whose message was removed before it was stored. */
  holes: (Gap & { partition: number })[];
  /** Rows and dead letters whose message is gone. */
  goneRows: number;
  goneLetters: number;
};

export type AuditReport = {
  verdict: AuditVerdictName;
  snapshotMs: number;
  ranges: readonly PartitionRange[];
  behind: Behind[];
  messages: number;
  refused: Map<DeadLetterClass, number>;
  /** Offsets of markers and of messages of aborted transactions. */
  transaction: number;
  expired: number;
  totals: BucketTotals;
  storedRows: number;
  money: MoneyRow[];
  letters: LetterCheck;
  /** Number of defects by kind, and the first of each. */
  defectCounts: Map<DefectKind, number>;
  defects: NamedDefect[];
  unseen: Unseen;
  allowUnseen: boolean;
  /** Ledgers that this audit closed. */
  closed: string[];
  /** Ledgers that it would have closed, had its user the right to write to their topic. */
  unclosed: string[];
};

/** True when something lies outside what the audit could see. */
export function hasUnseen({ deleted, hidden, holes, goneRows, goneLetters }: Unseen): boolean {
  return deleted.length > 0 || hidden.length > 0 || holes.length > 0 || goneRows > 0 || goneLetters > 0;
}

/** The verdict of what was found. */
export function judgeAudit(
  report: Pick<AuditReport, "behind" | "defectCounts" | "letters" | "unseen" | "allowUnseen">,
): AuditVerdictName {
  if (report.behind.length > 0) return "NOT PROVEN";
  if (report.defectCounts.size > 0 || report.letters.count > 0) return "DIFFERENT";
  // What retention deleted may be accepted; acknowledged messages that nobody has read, or can read, may not.
  const { hidden, holes } = report.unseen;
  if (hidden.length > 0 || holes.some(({ kind }) => kind !== "deleted")) return "NOT PROVEN";
  return hasUnseen(report.unseen) && !report.allowUnseen ? "NOT PROVEN" : "EXACT";
}

export function auditExitCode(verdict: AuditVerdictName): ExitCode {
  return verdict === "EXACT" ? EXIT.ok : verdict === "DIFFERENT" ? EXIT.different : EXIT.notProven;
}

/** The machine form. */
export function auditToJson(report: AuditReport): string {
  const { totals, letters, unseen } = report;
  return JSON.stringify({
    verdict: report.verdict,
    exit_code: auditExitCode(report.verdict),
    snapshot: new Date(report.snapshotMs).toISOString(),
    ranges: report.ranges,
    behind: report.behind,
    messages: report.messages,
    events: totals.events,
    duplicates: totals.duplicates,
    stored: report.storedRows,
    refused: Object.fromEntries(report.refused),
    dead_letters: letters.totals.letters,
    rejected_by_store: totals.excused,
    transaction: report.transaction,
    expired: report.expired,
    newer: totals.newer,
    resolved_conflicts: totals.resolvedConflicts,
    money: report.money.map((row) => ({
      currency: row.currency,
      topic: formatE4(row.topic),
      store: formatE4(row.store),
    })),
    defects: Object.fromEntries(report.defectCounts),
    defect_list: report.defects.map((defect) => ({
      kind: defect.kind,
      event_id: defect.eventId,
      minute: new Date(defect.minute * 1000).toISOString(),
      group: defect.group,
      in_topic: defect.inTopic ?? null,
      in_store: defect.inStore ?? null,
      detail: defect.detail,
    })),
    dead_letter_defects: letters.count,
    dead_letter_list: letters.defects,
    unseen: {
      deleted: unseen.deleted,
      hidden: unseen.hidden,
      holes: unseen.holes,
      gone_rows: unseen.goneRows,
      gone_letters: unseen.goneLetters,
    },
    closed_ledgers: report.closed,
    unclosed_ledgers: report.unclosed,
  });
}
