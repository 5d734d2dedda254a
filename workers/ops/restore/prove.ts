import { renderAudit } from "../audit/render.ts";
import { type AuditReport, type AuditVerdictName, auditExitCode, judgeAudit } from "../audit/report.ts";
import { audit } from "../audit/run.ts";
import type { ExitCode } from "../cli/exit-codes.ts";
import { firstAppendTime } from "../cli/first-append-time.ts";
import { throwIfInterrupted } from "../cli/interrupt.ts";
import type { Services } from "../cli/services.ts";
import { formatCount, renderTable } from "../cli/table.ts";
import { divideOffsets, judgeRanges, type ProvenRange } from "./ranges.ts";
import { readStoredRuns } from "./stored-runs.ts";

export type ProveFlags = { wait: number; json?: boolean; tempDir?: string };

/** `ops restore --prove`: the audit of what the topic holds, and by range what nothing proves any more. */
export async function proveRestore(services: Services, flags: ProveFlags): Promise<ExitCode> {
  const { config, clickhouse, io } = services;
  const topic = config.KAFKA_EVENTS_TOPIC;
  // Unseen is told by range below; here it must not hide what the audit says of the rest.
  const report = await audit(services, {
    waitMs: flags.wait,
    allowUnseen: true,
    tempDir: flags.tempDir,
    closesLedgers: false,
  });
  throwIfInterrupted(io);
  const isEmpty = report.ranges.every(({ from, end }) => from === end);
  const sinceMs = isEmpty ? report.snapshotMs : await firstAppendTime(services, topic, report.ranges);
  const runs = await readStoredRuns(clickhouse, topic, { ranges: report.ranges, sinceMs });
  const { holes, hidden } = report.unseen;
  const ranges = divideOffsets({ verdict: verdictOf(report), ranges: report.ranges, holes, hidden }, runs);
  const verdict = judgeRanges(ranges);
  io.out(
    flags.json === true
      ? JSON.stringify({ verdict, exit_code: auditExitCode(verdict), ranges })
      : render(report, ranges, verdict),
  );
  return auditExitCode(verdict);
}

/** Messages whose minute has left the raw retention are read again and dropped: nobody recomputes what they counted for. */
function verdictOf(report: AuditReport): AuditVerdictName {
  // What could not be read has ranges of its own; it says nothing about the others.
  const seen = judgeAudit({ ...report, unseen: { ...report.unseen, hidden: [], holes: [] } });
  return seen === "EXACT" && report.expired > 0 ? "NOT PROVEN" : seen;
}

const SOURCES: Readonly<Record<ProvenRange["source"], string>> = {
  topic: "compared with the topic",
  store: "from the lake, the topic has deleted them",
  nowhere: "in neither topic nor lake",
  unreadable: "in the topic, but nobody can read them",
  "earlier topic": "of an earlier topic of this name",
};

function render(report: AuditReport, ranges: readonly ProvenRange[], verdict: AuditVerdictName): string {
  const table = renderTable(
    [
      { title: "PARTITION", numeric: true },
      { title: "FROM", numeric: true },
      { title: "TO", numeric: true },
      { title: "STORED", numeric: true },
      { title: "VERDICT" },
      { title: "WHERE" },
    ],
    ranges.map(({ partition, from, to, stored, source, ...range }) => [
      String(partition),
      formatCount(from),
      formatCount(to - 1),
      stored === undefined ? "-" : formatCount(stored),
      range.verdict,
      SOURCES[source],
    ]),
  );
  const parts = [table];
  // Only then is there more to say than the table does.
  if (report.verdict !== "EXACT") parts.unshift(renderAudit(report));
  if (report.expired > 0)
    parts.push(`${formatCount(report.expired)} messages are older than the raw retention and count for nothing`);
  return [...parts, ...verdictLines(ranges, verdict)].join("\n\n");
}

function verdictLines(ranges: readonly ProvenRange[], verdict: AuditVerdictName): string[] {
  if (verdict === "EXACT") return ["EXACT  the store holds exactly what the topic holds, from the first offset on"];
  if (verdict === "DIFFERENT") return ["DIFFERENT  topic and store disagree, see above"];
  const open = ranges.filter((range) => range.verdict !== "EXACT");
  const offsets = open.reduce((sum, { from, to }) => sum + to - from, 0);
  const stored = open.reduce((sum, range) => sum + (range.stored ?? 0), 0);
  return [
    `NOT PROVEN  ${formatCount(open.length)} ranges of ${formatCount(offsets)} offsets, ${formatCount(stored)} of which are stored; ` +
      "what is not stored there was a duplicate or a dead letter, or is lost. All other ranges are EXACT.",
  ];
}
