/**
 * `make mutation`: plants defects in the pipeline and in the checkers, and shows that verify, audit and the tests catch
 * each. Environment: MUTANT (parts of the names to run, with commas). Arguments: `--ci` (the short selection, without the tests),
 * `--list`, `--report` (write docs/mutation-report.md after a partial run too). Exit code 0 only when all are caught.
 */
import { ownStack, type Stack } from "../../testkit/index.ts";
import type { CheckerMutant, Mutant, SuiteTest } from "./mutant.ts";
import { CHECKER_MUTANTS, MUTANTS } from "./mutants/index.ts";
import { type Row, renderTable, UNCHANGED, writeReport } from "./report.ts";
import { runMutant } from "./run-mutant.ts";
import { createSourceTree, type Patch } from "./source-tree.ts";
import { runSuite } from "./suite.ts";

/** Jobs at a time: they wait a good deal for views and for differences to stand still. */
const LANES = 4;

/** Makes one row of the table. */
type Job = () => Promise<Row>;

async function runLanes(jobs: readonly Job[], onRow: (row: Row) => void): Promise<void> {
  const queue = [...jobs];
  const lane = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) onRow(await job());
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function main(args: readonly string[]): Promise<number> {
  const part = process.env.MUTANT ?? "";
  const parts = part.split(",");
  const short = args.includes("--ci");
  const chosen = <T extends { name: string; ci?: boolean }>(all: readonly T[]) =>
    all.filter(({ name, ci }) => parts.some((one) => name.includes(one)) && (!short || ci === true));
  const pipeline = chosen(MUTANTS);
  const checkers = chosen(CHECKER_MUTANTS);
  if (args.includes("--list")) {
    for (const { name, defect } of [...pipeline, ...checkers]) console.log(`${name}: ${defect}`);
    return 0;
  }
  if (pipeline.length + checkers.length === 0) {
    console.error(`MUTANT=${part}: no mutant's name has this in it; scripts/proof/mutation/main.ts --list shows them`);
    return 2;
  }
  const began = performance.now();
  const rows = new Map<string, Row>();
  const stack = await ownStack();
  try {
    const jobs = [
      ...pipeline.map((mutant) => () => pipelineRow(mutant, stack, short)),
      ...checkers.map((mutant) => () => checkerRow(mutant, stack)),
      ...(short ? [] : [() => unchangedRow([...pipeline, ...checkers], stack)]),
    ];
    await runLanes(jobs, (row) => {
      rows.set(row.name, row);
      const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(4);
      console.log(`${seconds} s  ${row.wrong.length === 0 ? "caught  " : "SURVIVED"} ${row.name}`);
      for (const wrong of row.wrong) console.log(`        ${wrong}`);
    });
  } finally {
    await stack.close();
  }
  const ordered = [...pipeline.map(nameOf), UNCHANGED, ...checkers.map(nameOf)].flatMap((name) => rows.get(name) ?? []);
  const seconds = (performance.now() - began) / 1000;
  const failed = ordered.filter((row) => row.wrong.length > 0).length;
  console.log(`\n${renderTable(ordered)}\n\n${Math.round(seconds)} s`);
  if ((part === "" && !short) || args.includes("--report")) {
    writeReport(ordered, seconds);
    console.log("written: docs/mutation-report.md");
  }
  console.log(`\n${ordered.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function pipelineRow(mutant: Mutant, stack: Stack, short: boolean): Promise<Row> {
  const { name, defect, note, patches = [], suite = [] } = mutant;
  const row = { name, defect, ...(note === undefined ? {} : { note }) };
  const tests = short ? [] : suite;
  const wrong: string[] = [];
  const noted = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      wrong.push(String(error));
      return undefined;
    }
  };
  const outcome = await noted(runMutant(mutant, stack));
  wrong.push(...(outcome?.wrong ?? []));
  if (tests.length > 0 && (await noted(failingTests(patches, tests, stack))) === 0) wrong.push("the tests pass");
  return { ...row, outcome, suite: namesOf(tests), wrong };
}

async function checkerRow({ name, defect, patches, suite }: CheckerMutant, stack: Stack): Promise<Row> {
  const wrong: string[] = [];
  try {
    if ((await failingTests(patches, suite, stack)) === 0) wrong.push("the tests pass");
  } catch (error) {
    wrong.push(String(error));
  }
  return { name, defect, suite: namesOf(suite), wrong };
}

/** The tests of all mutants without any defect: one that fails anyway catches nothing. */
async function unchangedRow(mutants: readonly { suite?: readonly SuiteTest[] }[], stack: Stack): Promise<Row> {
  const all = new Map(mutants.flatMap(({ suite = [] }) => suite.map((test) => [`${test.file} ${test.name}`, test])));
  const wrong: string[] = [];
  for (const test of all.values()) {
    const failed = await failingTests([], [test], stack);
    if (failed > 0) wrong.push(`${test.file} (${test.name ?? "all"}): ${failed} fail without a defect`);
  }
  return { name: UNCHANGED, defect: "none, for the tests", suite: "none", wrong };
}

async function failingTests(patches: readonly Patch[], tests: readonly SuiteTest[], stack: Stack): Promise<number> {
  const tree = createSourceTree(patches);
  try {
    return (await runSuite(tree.dir, tests, stack)).failed;
  } finally {
    tree.remove();
  }
}

const nameOf = ({ name }: { name: string }) => name;
const namesOf = (tests: readonly SuiteTest[]) =>
  [...new Set(tests.map(({ file }) => file.split("/").at(-1)))].join(" ");

process.exitCode = await main(process.argv.slice(2));
process.exit();
