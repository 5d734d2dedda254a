import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where reports are kept. */
export const DOCS = join(import.meta.dir, "../../docs");

/** How one case ended. */
export type Result<Data> = {
  readonly name: string;
  /** What was done, for people. */
  readonly what: string;
  /** What was measured; as it is in the report's JSON, and in the table by its columns. */
  readonly data: Data;
  /** Why it failed; empty: it did not. */
  readonly problems: readonly string[];
};

/** A column of a proof's table. */
export type Column<Data> = {
  readonly title: string;
  readonly number?: boolean;
  readonly of: (result: Result<Data>) => string;
};

/** What is the same in the reports of one proof. */
export type ReportForm<Data> = {
  /** The make target; the report is docs/<name>-report.md and .json. */
  readonly name: string;
  readonly title: string;
  /** What the cases are called, in the plural. */
  readonly noun: string;
  readonly columns: readonly Column<Data>[];
  /** Sums over all results, one sentence without its full stop. */
  readonly summary: (results: readonly Result<Data>[]) => string;
  /** How it is proven, for the report: paragraphs. */
  readonly explanation: string;
  /** Lists what is done in each case below the table; not wanted where a column says it. */
  readonly listCases?: boolean;
};

/** One run of a proof. */
export type Run<Data> = {
  readonly commit: string;
  /** Absent where nothing is random. */
  readonly seed: number | undefined;
  readonly machine: string;
  readonly seconds: number;
  readonly results: readonly Result<Data>[];
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
};

/** The table in columns, for a terminal; long cells are cut off. */
export function printTable<Data>(columns: readonly Column<Data>[], results: readonly Result<Data>[]): string {
  const rows = [
    columns.map(({ title }) => title),
    ...results.map((result) => columns.map(({ of }) => of(result).slice(0, 70))),
  ];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const pad = (cell: string, i: number) =>
    columns[i]?.number ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** The closing line that scripts and CI read: `N passed, N failed`, and what was skipped. */
export function closingLine({ results, skipped }: Pick<Run<unknown>, "results" | "skipped">): string {
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  return `${results.length - failed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`;
}

/** The text of the report. */
export function markdown<Data>(form: ReportForm<Data>, run: Run<Data>): string {
  const { name, title, noun, columns, summary, explanation, listCases } = form;
  const { commit, seed, machine, seconds, results, skipped } = run;
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const ok = results.filter(({ problems }) => problems.length === 0).length;
  const more = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  const replayed = `make ${name} ONLY='${results[0]?.name ?? ""}'${seed === undefined ? "" : ` SEED=${seed}`}`;
  const parts = [
    `# ${title}`,
    `Written by \`make ${name}\`; commit ${commit}, ${seed === undefined ? "" : `seed ${seed}, `}${machine}, ${Math.round(seconds / 60)} minutes.`,
    `**${ok} of ${results.length} ${noun} ok**${more}: ${summary(results)}.`,
    explanation,
    `\`${replayed}\` runs one again.`,
    [
      row(columns.map((column) => column.title)),
      row(columns.map(({ number }) => (number ? "---:" : "---"))),
      ...results.map((result) => row(columns.map(({ of }) => of(result)))),
    ].join("\n"),
    ...(listCases
      ? ["## What is done", results.map((result) => `- **${result.name}**: ${result.what}`).join("\n")]
      : []),
    ...(skipped.length > 0 ? ["## Skipped", skipped.map((one) => `- **${one.name}**: ${one.why}`).join("\n")] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Writes <name>-report.md and .json into `docs`; returns their paths. */
export function writeReport<Data>(form: ReportForm<Data>, run: Run<Data>, docs: string): string[] {
  const { commit, seed, machine, seconds, skipped, results } = run;
  const json = {
    commit,
    ...(seed === undefined ? {} : { seed }),
    machine,
    seconds: Math.round(seconds),
    results: results.map(({ name, data, problems }) => ({
      name,
      ...data,
      ok: problems.length === 0,
      ...(problems.length > 0 && { problems }),
    })),
    skipped,
  };
  writeFileSync(join(docs, `${form.name}-report.json`), `${JSON.stringify(json, null, 2)}\n`);
  writeFileSync(join(docs, `${form.name}-report.md`), markdown(form, run));
  return [`docs/${form.name}-report.md`, `docs/${form.name}-report.json`];
}

/** The results that the report of the same seed has, failures too; undefined: there is none. */
export function readReport<Data>(
  form: Pick<ReportForm<Data>, "name">,
  { docs, cases, seed }: { docs: string; cases: readonly { name: string; what: string }[]; seed: number | undefined },
): Pick<Run<Data>, "commit" | "results" | "seconds"> | undefined {
  type Recorded = { name: string; ok: boolean; problems?: string[] };
  type Recording = { commit: string; seed?: number; seconds?: number; results: (Recorded & Data)[] };
  const path = join(docs, `${form.name}-report.json`);
  if (!existsSync(path)) return undefined;
  const read: Recording = JSON.parse(readFileSync(path, "utf8"));
  if (read.seed !== seed) return undefined;
  const whats = new Map(cases.map(({ name, what }) => [name, what]));
  const results = read.results.flatMap(({ name, ok: _, problems = [], ...data }) => {
    const what = whats.get(name);
    return what === undefined ? [] : [{ name, what, data: data as unknown as Data, problems }];
  });
  return { commit: read.commit, seconds: read.seconds ?? 0, results };
}
