import { formatCount, formatMinute, formatTime, renderTable } from "../cli/table.ts";
import { describeBehind } from "./catch-up.ts";
import { type KeyResult, shortfall } from "./compare.ts";
import { HIDDEN_ADVICE } from "./hidden.ts";
import { unseenLines, type VerifyReport } from "./report.ts";

/** Rows shown before a list is cut; `--json` always has all of them. */
const SHOWN = 50;

const SIDES = {
  ledger: "ledger → events",
  minute: "events → events_per_minute",
  hour: "events → events_per_hour",
} as const;

/**
 * The report for people: the verdict first, then totals of one cut, then only what is not exact; last what was not judged
 * because it kept moving, one by one only with `all`.
 */
export function renderReport(report: VerifyReport, options: { all: boolean } = { all: false }): string {
  const parts = [
    renderVerdict(report),
    renderTotals(report),
    renderPartitions(report),
    renderKeys("Differences", report.differences),
    renderKeys("More stored than the ledger says (killed instance or unknown sends)", report.unproven),
    renderKeys("Not settled at the time limit", report.unsettled),
    report.otherDifferences.map((line) => `Difference: ${line}`).join("\n"),
    renderRows(report),
    renderNotes(report).join("\n"),
    renderMoving(report, options.all),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function renderTotals(report: VerifyReport): string {
  const { totals, relayed, context, checked, behind } = report;
  // Nothing was compared: zeros would look like a loss.
  if (behind.length > 0) return "";
  const stored = totals.storedOfProducers + totals.storedForeign;
  const rows: [string, number][] = [
    ["produced (acknowledged, by the ledger)", totals.produced],
    ["stored of those producers", totals.storedOfProducers],
    [`messages acknowledged to HTTP clients and files${relayed.open > 0 ? ", at least" : ""}`, relayed.messages],
    ["stored of HTTP, files and other clients", totals.storedForeign],
    ["stored in all", stored],
    ["shown by events_per_minute", totals.minutesView],
    [
      report.moving.some(({ check }) => check === "hour")
        ? "shown by events_per_hour, hours at rest"
        : "shown by events_per_hour",
      totals.hoursView,
    ],
    ["duplicates received", context.duplicates],
    ["redelivered", context.redelivered],
    ["conflicting event_ids", context.conflictedIds],
    ...context.deadLetters.map((row): [string, number] => [`dead letters: ${row.errorClass}`, row.letters]),
  ];
  const compared = `${formatCount(checked.keys)} keys in ${formatCount(checked.minutes)} minutes and ${formatCount(checked.hours)} hours`;
  const table = renderTable(
    [{ title: "TOTAL" }, { title: "EVENTS", numeric: true }],
    rows.map(([title, count]) => [title, formatCount(count)]),
  );
  const moving = report.moving.length === 0 ? "" : "; totals are of minutes and hours in which nothing moved meanwhile";
  return `${table}\ncompared: ${compared}${moving}`;
}

function renderPartitions({ partitions }: VerifyReport): string {
  if (partitions.length === 0) return "";
  const columns = ["PARTITION", "FROM", "END", "EVENTS", "DEAD LETTERS", "MISSING", "BOTH", "IMPOSSIBLE"];
  return renderTable(
    columns.map((title) => ({ title, numeric: true })),
    partitions.map((account) =>
      [
        account.partition,
        account.from,
        account.end,
        account.received,
        account.deadLetters,
        account.missing,
        account.ambiguous,
        account.impossible,
      ].map(formatCount),
    ),
  );
}

function renderKeys(title: string, keys: readonly KeyResult[]): string {
  if (keys.length === 0) return "";
  const rows = keys.slice(0, SHOWN).map((key) => {
    const { missing, surplus } = shortfall(key.expected, key.found);
    return [
      formatMinute(key.bucket),
      key.source,
      key.eventType,
      SIDES[key.check],
      formatCount(key.expected.events),
      formatCount(key.found.events),
      formatCount(missing),
      formatCount(surplus),
      key.expected.checksum === key.found.checksum ? "equal" : "differs",
      key.instances.join(" "),
    ];
  });
  const columns = [
    { title: "TIME (UTC)" },
    { title: "SOURCE" },
    { title: "TYPE" },
    { title: "COMPARED" },
    { title: "EXPECTED", numeric: true },
    { title: "FOUND", numeric: true },
    { title: "MISSING", numeric: true },
    { title: "SURPLUS", numeric: true },
    { title: "CHECKSUM" },
    { title: "INSTANCES" },
  ];
  const more = keys.length > SHOWN ? `\n… and ${formatCount(keys.length - SHOWN)} more (all of them with --json)` : "";
  return `${title}: ${formatCount(keys.length)}\n${renderTable(columns, rows)}${more}`;
}

function renderMoving({ moving }: VerifyReport, all: boolean): string {
  if (moving.length === 0) return "";
  const newest = Math.max(...moving.map((key) => key.bucket));
  const line = `still moving, not judged: ${formatCount(moving.length)} keys (newest minute ${formatMinute(newest)})`;
  if (!all) return `${line}; --all lists them`;
  const columns = ["TIME (UTC)", "SOURCE", "TYPE", "COMPARED", "READ FIRST", "READ SECOND"];
  const rows = moving.map((key) => [
    formatMinute(key.bucket),
    key.source,
    key.eventType,
    SIDES[key.check],
    formatCount(key.expected.events),
    formatCount(key.found.events),
  ]);
  const table = renderTable(
    columns.map((title) => ({ title, numeric: title.startsWith("READ") })),
    rows,
  );
  return `${line}\n${table}`;
}

function renderRows({ rows }: VerifyReport): string {
  if (rows.length === 0) return "";
  const numeric = ["PRODUCED", "STORED", "SHOWN"].map((title) => ({ title, numeric: true }));
  return renderTable(
    [{ title: "MINUTE (UTC)" }, { title: "SOURCE" }, { title: "TYPE" }, ...numeric],
    rows.map((row) => [
      formatMinute(row.bucket),
      row.source,
      row.eventType,
      ...[row.produced, row.stored, row.shown].map(formatCount),
    ]),
  );
}

function renderNotes(report: VerifyReport): string[] {
  const notes: string[] = unseenLines(report);
  for (const { partition, transaction, skipped } of report.partitions) {
    if (transaction > 0)
      notes.push(`partition ${partition}: ${formatCount(transaction)} offsets of markers and aborted messages`);
    if (skipped > 0) notes.push(`partition ${partition}: ${formatCount(skipped)} offsets given up with \`ops skip\``);
  }
  if (report.behind.length > 0) notes.push(`behind at the time limit: ${describeBehind(report.behind)}`);
  for (const { instance, lastRecordMs } of report.deadInstances) {
    const last = lastRecordMs === undefined ? "it never wrote a record" : `last record ${formatTime(lastRecordMs)}`;
    notes.push(`open ledger of a killed instance: ${instance} (${last})`);
  }
  if (report.stale !== undefined) {
    const { minutes, firstMs } = report.stale;
    notes.push(
      `${formatCount(minutes)} minutes from ${formatTime(firstMs)} on received events after their days had left the raw retention: no view shows those, and none ever will`,
    );
  }
  if (report.beyondRetention && report.rawFromMs !== undefined) {
    notes.push(
      `before ${formatTime(report.rawFromMs)} raw events are (partly) expired: there only minutes and hours were compared`,
    );
  }
  return notes;
}

function renderVerdict(report: VerifyReport): string {
  const lines = [verdictLine(report)];
  if (report.provenUntilMs !== undefined) {
    lines.push(
      `proven until ${formatTime(report.provenUntilMs)} (of all that was appended by ${formatTime(report.snapshotMs)})`,
    );
  }
  const hours = report.hoursProvenUntilMs;
  if (hours !== undefined && report.provenUntilMs !== undefined && hours < report.provenUntilMs) {
    const open = report.moving.some((key) => key.check === "hour" && key.bucket * 1000 === hours);
    const why = open ? ": that hour still receives events; its finished minutes are proven all the same" : "";
    lines.push(`the view of hours is proven until ${formatTime(hours)}${why}`);
  }
  const next = nextStep(report);
  if (next !== undefined) lines.push(`next: ${next}`);
  return lines.join("\n");
}

function verdictLine(report: VerifyReport): string {
  const { totals } = report;
  switch (report.verdict) {
    case "EXACT":
      if (report.moving.length > 0) {
        const judged = formatCount(report.checked.keys - report.moving.length);
        return `EXACT  ${judged} keys: ledger, store, minutes and hours agree in counts and checksums`;
      }
      return `EXACT  ${formatCount(totals.storedOfProducers + totals.storedForeign)} events: ledger, store, minutes and hours agree in counts and checksums`;
    case "DIFFERENT":
      return `DIFFERENT  ${countsOf(report)}`;
    case "NOT PROVEN":
      return "NOT PROVEN  nothing is known to be wrong, but not everything could be compared";
  }
}

function countsOf({ differences, otherDifferences }: VerifyReport): string {
  const [keys, checks] = [differences.length, otherDifferences.length];
  const parts = [
    ...(keys > 0 ? [`${formatCount(keys)} ${keys === 1 ? "key disagrees" : "keys disagree"}`] : []),
    ...(checks > 0 ? [`${formatCount(checks)} other ${checks === 1 ? "check" : "checks"} failed`] : []),
  ];
  return `${parts.join(", ")}: see below`;
}

/** Whether all that is wrong is that minutes or hours show less than is stored: nothing is lost then. */
function onlyViews({ differences, otherDifferences }: VerifyReport): boolean {
  return (
    otherDifferences.length === 0 &&
    differences.every(
      ({ check, expected, found }) => (check === "minute" || check === "hour") && found.events < expected.events,
    )
  );
}

/** Conflicts are counted twice on purpose until somebody decides: nothing was lost, and reading again fixes nothing. */
function onlyConflicts({ differences, otherDifferences, context }: VerifyReport): boolean {
  return context.conflictedIds > 0 && differences.length === 0 && otherDifferences.length === 1;
}

function nextStep(report: VerifyReport): string | undefined {
  if (report.verdict === "EXACT") return undefined;
  if (report.behind.length > 0)
    return "check that consumers run (and are not stuck), then verify again, perhaps with a longer --wait";
  if (report.verdict === "DIFFERENT") {
    const resolve =
      "`ops conflicts list` shows the conflicting event_ids, `ops conflicts resolve` keeps the first of each";
    if (onlyConflicts(report)) return resolve;
    if (onlyViews(report))
      return "`ops doctor` says whether a view was stopped or cannot be refreshed; then verify again";
    const lost =
      "`ops verify --audit` names the events; `ops rewind --from <time>` reads a lost range again " +
      "(and with it the copies of conflicts that were resolved)";
    return report.context.conflictedIds > 0 ? `${resolve}; for the rest, ${lost}` : lost;
  }
  if (report.hidden.length > 0) return HIDDEN_ADVICE;
  if (report.deadInstances.length > 0 || report.unproven.length > 0) {
    return "`ops verify --audit` compares with the topic itself and closes the ledgers of killed instances";
  }
  if (report.stale !== undefined && report.rawFromMs !== undefined) {
    return `\`ops verify --from ${new Date(report.rawFromMs).toISOString().slice(0, 10)}\` proves what is inside the retention; keep raw events longer than an outage can last`;
  }
  return "verify again when less is in motion";
}
