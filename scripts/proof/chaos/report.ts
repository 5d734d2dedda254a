import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scenario } from "./scenario.ts";

const ROOT = join(import.meta.dir, "../../..");

/** How one scenario ended. */
export type Result = {
  readonly name: string;
  /** The faults that were really injected. */
  readonly faults: string;
  readonly events: number;
  readonly lost: number;
  readonly doubled: number;
  readonly dead_letters: number;
  /** From the end of the faults until all that was in the topic then was stored and committed, seconds. */
  readonly recovery_s: number;
  readonly ok: boolean;
};

/** A scenario that this machine could not run. */
export type Skipped = { readonly name: string; readonly why: string };

/** A run of scenarios, as in docs/chaos-report.json. */
export type Report = {
  readonly commit: string;
  readonly seed: string;
  readonly machine: string;
  readonly scenarios: readonly Result[];
  readonly skipped: readonly Skipped[];
};

const HEADINGS = ["scenario", "faults injected", "events", "lost", "doubled", "dead-lettered", "recovery s", "verdict"];

/** The table for people; as Markdown for the file. */
export function table(results: readonly Result[]): string[][] {
  return results.map((result) => [
    result.name,
    result.faults,
    String(result.events),
    String(result.lost),
    String(result.doubled),
    String(result.dead_letters),
    result.recovery_s.toFixed(1),
    result.ok ? "ok" : "FAILED",
  ]);
}

/** The table in columns, for a terminal. */
export function printed(results: readonly Result[]): string {
  const rows = [HEADINGS, ...table(results).map((row) => row.map((cell) => cell.slice(0, 70)))];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const isNumber = (column: number) => column >= 2 && column <= 6;
  const pad = (cell: string, column: number) =>
    isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** Writes docs/chaos-report.md and docs/chaos-report.json. */
export function writeReport(report: Report, scenarios: readonly Scenario[], seconds: number): void {
  writeFileSync(join(ROOT, "docs/chaos-report.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(ROOT, "docs/chaos-report.md"), markdown(report, scenarios, seconds));
}

/** The text of docs/chaos-report.md. */
export function markdown(report: Report, scenarios: readonly Scenario[], seconds: number): string {
  const { commit, seed, machine, scenarios: results, skipped } = report;
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const failed = results.filter(({ ok }) => !ok).length;
  const sum = (pick: (result: Result) => number) => results.reduce((total, result) => total + pick(result), 0);
  return `# Chaos report

Written by \`make chaos\`; commit ${commit}, seed ${seed}, ${machine}, ${Math.round(seconds / 60)} minutes.

**${results.length - failed} of ${results.length} scenarios ok**${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}: ${sum(({ events }) => events)} events, ${sum(({ lost }) => lost)} lost, ${sum(({ doubled }) => doubled)} counted twice.

Every scenario runs on a real broker, a real ClickHouse engine and the compiled workers, under load with late events,
duplicates and malformed messages. One oracle judges all: \`ops verify --audit\` reads the topic itself and compares it with
the store event by event, \`ops verify\` compares the producers' ledger, events, minutes and hours, and accounts for every
offset and dead letter. Where the topic itself loses messages the truth is the runner's own list of what it sent; the
expected verdict then is that exactly this loss is reported, and \`lost\` counts what went unreported. *recovery s* is the time
from the end of the faults until everything appended by then was stored and committed.

\`make chaos SCENARIO='${results[0]?.name ?? ""}' SEED=${seed}\` replays one.

${row(HEADINGS)}
${row(HEADINGS.map((_, column) => (column >= 2 && column <= 6 ? "---:" : "---")))}
${table(results).map(row).join("\n")}

## What is done

${scenarios.map(({ name, faults }) => `- **${name}**: ${faults}`).join("\n")}
${skipped.length > 0 ? `\n## Skipped\n\n${skipped.map(({ name, why }) => `- **${name}**: ${why}`).join("\n")}\n` : ""}`;
}
