/**
 * `make mutation`: plants defects in the pipeline and in the checkers, and shows that verify, audit and the tests catch
 * each. Environment: MUTANT (a part of the names to run). Arguments: `--ci` (the short selection, without the tests),
 * `--list`, `--report` (write docs/mutation-report.md after a partial run too). Exit code 0 only when all are caught.
 */
import { ownStack, type Stack } from "../../workers/shared/testing/index.ts";
import { CHECKER_MUTANTS, MUTANTS } from "./mutants/index.ts";
import { type Row, renderTable, writeReport } from "./report.ts";
import { runMutant } from "./run-mutant.ts";
import { createSourceTree } from "./source-tree.ts";
import { runSuite } from "./suite.ts";

/** Scenes at a time: they wait a good deal for views and for differences to stand still. */
const LANES = 3;

type Job = { name: string; run: (stack: Stack) => Promise<void> };

async function runLanes(jobs: readonly Job[], lanes: number, stack: Stack): Promise<void> {
  const queue = [...jobs];
  const lane = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await job.run(stack);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function main(args: readonly string[]): Promise<number> {
  const part = process.env.MUTANT ?? "";
  const short = args.includes("--ci");
  const chosen = <T extends { name: string; ci?: boolean }>(all: readonly T[]) =>
    all.filter(({ name, ci }) => name.includes(part) && (!short || ci === true));
  const pipeline = chosen(MUTANTS);
  const checkers = chosen(CHECKER_MUTANTS);
  if (args.includes("--list")) {
    for (const { name, defect } of [...pipeline, ...checkers]) console.log(`${name}: ${defect}`);
    return 0;
  }
  if (pipeline.length + checkers.length === 0) {
    console.error(`MUTANT=${part}: no mutant has this in its name; scripts/mutation/main.ts --list shows them`);
    return 2;
  }
  const began = performance.now();
  const rows = new Map<string, Row>();
  const stack = await ownStack();
  const say = (text: string) =>
    console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
  try {
    await runLanes(jobsOf(pipeline, checkers, { rows, say, short }), LANES, stack);
  } finally {
    await stack.close();
  }
  const ordered = [...pipeline, ...checkers].flatMap(({ name }) => rows.get(name) ?? []);
  const seconds = (performance.now() - began) / 1000;
  const failed = ordered.filter((row) => row.wrong.length > 0).length;
  console.log(`\n${renderTable(ordered)}\n\n${Math.round(seconds)} s`);
  for (const row of ordered) for (const wrong of row.wrong) console.log(`SURVIVED ${row.name}: ${wrong}`);
  if ((part === "" && !short) || args.includes("--report")) {
    writeReport(ordered, seconds);
    console.log("written: docs/mutation-report.md");
  }
  console.log(`\n${ordered.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

type Context = { rows: Map<string, Row>; say: (text: string) => void; short: boolean };

function jobsOf(
  pipeline: readonly (typeof MUTANTS)[number][],
  checkers: readonly (typeof CHECKER_MUTANTS)[number][],
  { rows, say, short }: Context,
): Job[] {
  const done = (row: Row) => {
    rows.set(row.name, row);
    say(`${row.wrong.length === 0 ? "caught  " : "SURVIVED"} ${row.name}`);
  };
  const scenes = pipeline.map((mutant): Job => {
    const run = async (stack: Stack) => {
      const wrong: string[] = [];
      const outcome = await runMutant(mutant, stack).catch((error) => void wrong.push(String(error)));
      const suite = short ? undefined : await suiteOf(mutant.patches ?? [], mutant.suite ?? [], stack);
      if (suite?.caught === false) wrong.push("the tests pass");
      done({
        ...mutant,
        outcome: outcome ?? undefined,
        suite: suite?.text,
        wrong: [...wrong, ...(outcome?.wrong ?? [])],
      });
    };
    return { name: mutant.name, run };
  });
  const own = checkers.map((mutant): Job => {
    const run = async (stack: Stack) => {
      const suite = await suiteOf(mutant.patches, mutant.suite, stack);
      done({ ...mutant, suite: suite?.text, wrong: suite?.caught === true ? [] : ["the tests pass"] });
    };
    return { name: mutant.name, run };
  });
  return [...scenes, ...own];
}

/** Runs the tests with the defect, and without it: a test that fails anyway catches nothing. */
async function suiteOf(
  patches: Parameters<typeof createSourceTree>[0],
  tests: Parameters<typeof runSuite>[1],
  stack: Stack,
): Promise<{ text: string; caught: boolean } | undefined> {
  if (tests.length === 0) return undefined;
  const tree = createSourceTree(patches);
  try {
    const { failed } = await runSuite(tree.dir, tests, stack);
    return { text: tests.map(({ file }) => file.split("/").at(-1)).join(" "), caught: failed > 0 };
  } finally {
    tree.remove();
  }
}

process.exitCode = await main(process.argv.slice(2));
process.exit();
