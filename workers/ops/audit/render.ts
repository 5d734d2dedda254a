import { formatCount, formatMinute, formatTime, renderTable } from "../cli/table.ts";
import { describeBehind } from "../verify/catch-up.ts";
import { describeHidden, HIDDEN_ADVICE } from "../verify/hidden.ts";
import { formatE4 } from "./compare-bucket.ts";
import type { Position } from "./defect.ts";
import { type AuditReport, hasUnseen } from "./report.ts";

const SHOWN = 50;

/** The audit's report for people: totals, money, then what is wrong, the verdict last. */
export function renderAudit(report: AuditReport): string {
  const parts = [
    renderTotals(report),
    renderMoney(report),
    renderDefects(report),
    renderLetters(report),
    renderUnseen(report),
    report.closed.map((instance) => `closed the open ledger of ${instance}: audited`).join("\n"),
    renderUnclosed(report),
    renderVerdict(report),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function renderUnclosed({ unclosed }: AuditReport): string {
  if (unclosed.length === 0) return "";
  return (
    `ledgers that stay open, though all is audited: ${unclosed.join(", ")}\n` +
    "next: run the audit as a user that may write to the topic KAFKA_LEDGER_TOPIC; `ops verify` says NOT PROVEN until then"
  );
}

function renderTotals(report: AuditReport): string {
  const { totals, letters } = report;
  const rows: [string, number][] = [
    ["messages read", report.messages],
    ["distinct events in them", totals.events],
    ["duplicates in them", totals.duplicates],
    ["events stored", report.storedRows],
    ...[...report.refused].sort().map(([name, count]): [string, number] => [`must be refused: ${name}`, count]),
    ["dead letters of these offsets", letters.totals.letters],
    ["valid, but refused by the store or given up", totals.excused],
    ["markers and aborted messages", report.transaction],
    ["stored later than the audit's end", totals.newer],
    ["older than the raw retention, not compared", report.expired],
    ["conflicts resolved", totals.resolvedConflicts],
  ];
  const offsets = renderTable(
    ["PARTITION", "FROM", "END"].map((title) => ({ title, numeric: true })),
    report.ranges.map((range) => [range.partition, range.from, range.end].map(formatCount)),
  );
  const table = renderTable(
    [{ title: "TOTAL" }, { title: "COUNT", numeric: true }],
    rows.map(([title, count]) => [title, formatCount(count)]),
  );
  return `${table}\n\n${offsets}`;
}

function renderMoney({ money }: AuditReport): string {
  if (money.length === 0) return "";
  return renderTable(
    [{ title: "CURRENCY" }, { title: "IN TOPIC", numeric: true }, { title: "IN STORE", numeric: true }],
    money.map((row) => [row.currency, formatE4(row.topic), formatE4(row.store)]),
  );
}

const place = (position: Position | undefined) =>
  position === undefined ? "" : `${position.partition}/${position.offset}`;

function renderDefects({ defects, defectCounts }: AuditReport): string {
  if (defects.length === 0) return "";
  const counts = [...defectCounts].map(([kind, count]) => `${kind} ${formatCount(count)}`).join(", ");
  const table = renderTable(
    ["KIND", "EVENT_ID", "MINUTE (UTC)", "GROUP", "IN TOPIC", "IN STORE", "DETAIL"].map((title) => ({ title })),
    defects
      .slice(0, SHOWN)
      .map((defect) => [
        defect.kind,
        defect.eventId,
        formatMinute(defect.minute),
        defect.group,
        place(defect.inTopic),
        place(defect.inStore),
        defect.detail,
      ]),
  );
  return `Defects: ${counts}\n${table}`;
}

function renderLetters({ letters }: AuditReport): string {
  if (letters.count === 0) return "";
  const table = renderTable(
    ["PARTITION/OFFSET", "DETAIL"].map((title) => ({ title })),
    letters.defects
      .slice(0, SHOWN)
      .map((defect) => [
        defect.offset < 0 ? String(defect.partition) : `${defect.partition}/${defect.offset}`,
        defect.detail,
      ]),
  );
  return `Dead letters: ${formatCount(letters.count)} defects\n${table}`;
}

function renderUnseen({ unseen }: AuditReport): string {
  if (!hasUnseen(unseen)) return "";
  const lines = [
    ...unseen.deleted.map(({ partition, end }) => `partition ${partition}: offsets 0-${end - 1} deleted by retention`),
    ...describeHidden(unseen.hidden),
    ...unseen.holes.map(describeHole),
  ];
  if (unseen.goneRows > 0)
    lines.push(`${formatCount(unseen.goneRows)} stored events of messages the topic does not hold`);
  if (unseen.goneLetters > 0) {
    lines.push(`${formatCount(unseen.goneLetters)} dead letters of messages the topic does not hold`);
  }
  return `Not seen by this audit:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

function describeHole({ partition, from, to, kind, detail }: AuditReport["unseen"]["holes"][number]): string {
  const offsets = `partition ${partition}: offsets ${from}-${to - 1}`;
  if (kind === "unreadable") return `${offsets} cannot be read: ${detail ?? "a corrupt batch"}`;
  if (kind === "deleted") return `${offsets} were deleted by retention while they were read`;
  return `${offsets} hold no message, and not all of them were stored before: compaction`;
}

function renderVerdict(report: AuditReport): string {
  const until = `of all that was appended by ${formatTime(report.snapshotMs)}`;
  if (report.behind.length > 0) {
    return [
      "NOT PROVEN  the consumers did not reach the end of the topic in time",
      `behind: ${describeBehind(report.behind)}`,
      "next: check that consumers run (and are not stuck), then audit again, perhaps with a longer --wait",
    ].join("\n");
  }
  switch (report.verdict) {
    case "EXACT":
      return `EXACT  the store holds exactly the ${formatCount(report.totals.events)} events of the topic (${until})`;
    case "DIFFERENT":
      return [
        `DIFFERENT  topic and store disagree (${until})`,
        "next: `ops rewind --from <time>` has the consumers read a lost range again; conflicts: `ops conflicts resolve`",
      ].join("\n");
    case "NOT PROVEN":
      return [
        `NOT PROVEN  what could be seen is exact, but not everything could be seen (${until})`,
        `next: ${adviceOf(report.unseen)}`,
      ].join("\n");
  }
}

/** What to do about what could not be seen; only what retention deleted can be accepted. */
export function adviceOf({ hidden, holes }: Pick<AuditReport["unseen"], "hidden" | "holes">): string {
  if (hidden.length > 0) return HIDDEN_ADVICE;
  if (holes.some(({ kind }) => kind !== "deleted"))
    return "nothing accepts offsets that cannot be compared; for those that cannot be read see docs/runbook.md#offsets-that-nobody-can-read";
  return "if that is retention at work, accept it with --allow-unseen";
}
