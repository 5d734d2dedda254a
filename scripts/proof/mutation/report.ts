import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeAnswer } from "./figures.ts";
import type { Outcome } from "./run-mutant.ts";

/** One line of the table. */
export type Row = {
  readonly name: string;
  readonly defect: string;
  /** What the checkers said; absent for defects of the checkers, and when the scene failed. */
  readonly outcome?: Outcome | undefined;
  /** Files of the tests that failed. */
  readonly suite?: string | undefined;
  readonly note?: string;
  /** Why it counts as not caught; empty when it was. */
  readonly wrong: readonly string[];
};

/** The row of the tests without a defect. */
export const UNCHANGED = "control of the tests";

const REPORT = join(import.meta.dir, "../../../docs/mutation-report.md");
const TITLES = ["mutant", "defect", "verify", "audit", "tests that fail", "caught"];

function cells({ name, defect, outcome, suite, note, wrong }: Row): string[] {
  return [
    name,
    defect,
    outcome === undefined
      ? ""
      : describeAnswer(outcome.verify) + (note && outcome.verify.exit === 0 ? `: ${note}` : ""),
    outcome === undefined ? "" : describeAnswer(outcome.audit) + (note && outcome.audit.exit === 0 ? `: ${note}` : ""),
    suite ?? "",
    wrong.length === 0 ? (name.startsWith("control") ? "exact" : "yes") : "NO",
  ];
}

/** The table for a terminal. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [TITLES, ...rows.map(cells)];
  const widths = TITLES.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? "").length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Writes docs/mutation-report.md. */
export function writeReport(rows: readonly Row[], seconds: number): void {
  const survived = rows.filter((row) => row.wrong.length > 0).length;
  const markdown = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  const table = [TITLES, TITLES.map(() => "---"), ...rows.map(cells)].map(markdown).join("\n");
  writeFileSync(
    REPORT,
    `# Planted defects

Written by \`make mutation\`: ${rows.length} runs in ${Math.round(seconds)} s, ${survived} not caught. Each defect is planted in a copy of the sources
(or in the store of a run of its own) and must be reported exactly as expected, figures that are not named being zero.
The checkers are always the compiled, unchanged ones; in the last rows the defect is in a checker itself, and its tests
must fail.

${table}
`,
  );
}
