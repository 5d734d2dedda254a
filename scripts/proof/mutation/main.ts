/**
 * `make mutation`: plants defects in the pipeline and in the checkers, and shows that verify, audit and the tests catch
 * each. Arguments, environment and exit codes are those of {@link runProof}; the short selection runs no tests.
 */
import { type OwnStack, ownStack, type Stack } from "../../testkit/index.ts";
import { type Case, runProof } from "../run.ts";
import type { CheckerMutant, Mutant, SuiteTest } from "./mutant.ts";
import { CHECKER_MUTANTS, MUTANTS } from "./mutants/index.ts";
import { MUTATION_REPORT, type MutationData } from "./report.ts";
import { runMutant } from "./run-mutant.ts";
import { createSourceTree, type Patch } from "./source-tree.ts";
import { runSuite } from "./suite.ts";

/** Mutants at a time: they wait a good deal for views and for differences to stand still. */
const LANES = 4;

type MutationCase = Case<MutationData, OwnStack>;
type Outcome = Awaited<ReturnType<MutationCase["run"]>>;

async function pipelineMutant(mutant: Mutant, stack: Stack, short: boolean): Promise<Outcome> {
  const { defect, note, patches = [], suite = [] } = mutant;
  const tests = short ? [] : suite;
  const problems: string[] = [];
  const noted = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      problems.push(String(error));
      return undefined;
    }
  };
  const outcome = await noted(runMutant(mutant, stack));
  problems.push(...(outcome?.wrong ?? []));
  if (tests.length > 0 && (await noted(failingTests(patches, tests, stack))) === 0) problems.push("the tests pass");
  return { data: { defect, outcome, suite: namesOf(tests), note }, problems };
}

async function checkerMutant({ defect, patches, suite }: CheckerMutant, stack: Stack): Promise<Outcome> {
  const failed = await failingTests(patches, suite, stack);
  return { data: { defect, suite: namesOf(suite) }, problems: failed === 0 ? ["the tests pass"] : [] };
}

/** The tests of all chosen mutants without any defect: one that fails anyway catches nothing. */
async function unchanged(selected: ReadonlySet<string>, stack: Stack): Promise<Outcome> {
  const chosen: { suite?: readonly SuiteTest[] }[] = [...MUTANTS, ...CHECKER_MUTANTS].filter(({ name }) =>
    selected.has(name),
  );
  const all = new Map(chosen.flatMap(({ suite = [] }) => suite.map((test) => [`${test.file} ${test.name}`, test])));
  const problems: string[] = [];
  for (const test of all.values()) {
    const failed = await failingTests([], [test], stack);
    if (failed > 0) problems.push(`${test.file} (${test.name ?? "all"}): ${failed} fail without a defect`);
  }
  return { data: { defect: "none, for the tests", suite: "none" }, problems };
}

async function failingTests(patches: readonly Patch[], tests: readonly SuiteTest[], stack: Stack): Promise<number> {
  const tree = createSourceTree(patches);
  try {
    return (await runSuite(tree.dir, tests, stack)).failed;
  } finally {
    tree.remove();
  }
}

const namesOf = (tests: readonly SuiteTest[]) =>
  [...new Set(tests.map(({ file }) => file.split("/").at(-1)))].join(" ");

const cases: MutationCase[] = [
  ...MUTANTS.map(
    (mutant): MutationCase => ({
      name: mutant.name,
      what: mutant.defect,
      ci: mutant.ci === true,
      run: async ({ shared, short }) => pipelineMutant(mutant, await shared(), short),
    }),
  ),
  {
    name: "control of the tests",
    what: "none, for the tests",
    always: true,
    run: async ({ shared, selected }) => unchanged(selected, await shared()),
  },
  ...CHECKER_MUTANTS.map(
    (mutant): MutationCase => ({
      name: mutant.name,
      what: mutant.defect,
      ci: mutant.ci === true,
      run: async ({ shared }) => checkerMutant(mutant, await shared()),
    }),
  ),
];

process.exit(await runProof({ ...MUTATION_REPORT, cases, lanes: LANES, seeded: false, start: ownStack }));
