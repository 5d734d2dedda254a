import type { ReportForm, Result } from "../report.ts";
import { describeAnswer } from "./figures.ts";
import type { Outcome } from "./run-mutant.ts";

/** What came of one mutant. */
export type MutationData = {
  readonly defect: string;
  /** What the checkers said; absent for defects of the checkers, and when the scene failed. */
  readonly outcome?: Pick<Outcome, "verify" | "audit"> | undefined;
  /** Files of the tests that failed. */
  readonly suite: string;
  /** Why a checker rightly says nothing. */
  readonly note?: string | undefined;
};

/** The answer of one checker, with the reason when it rightly says nothing. */
function answer({ data }: Result<MutationData>, checker: "verify" | "audit"): string {
  const said = data.outcome?.[checker];
  if (said === undefined) return "";
  return describeAnswer(said) + (data.note && said.exit === 0 ? `: ${data.note}` : "");
}

function caught({ name, problems }: Result<MutationData>): string {
  if (problems.length > 0) return "NO";
  return name.startsWith("control") ? "exact" : "yes";
}

/** What docs/mutation-report.md says besides the figures. */
export const MUTATION_REPORT: ReportForm<MutationData> & { readonly nothing: MutationData } = {
  name: "mutation",
  title: "Planted defects",
  noun: "mutants",
  nothing: { defect: "", suite: "" },
  columns: [
    { title: "mutant", of: ({ name }) => name },
    { title: "defect", of: ({ what }) => what },
    { title: "verify", of: (result) => answer(result, "verify") },
    { title: "audit", of: (result) => answer(result, "audit") },
    { title: "tests that fail", of: ({ data }) => data.suite },
    { title: "caught", of: caught },
  ],
  summary: (results) => `${results.filter(({ problems }) => problems.length > 0).length} not caught`,
  explanation: `Each defect is planted in a copy of the sources (or in the store of a run of its own) and must be reported exactly as
expected, figures that are not named being zero. The checkers are always the compiled, unchanged ones; in the last rows the
defect is in a checker itself, and its tests must fail.`,
};
