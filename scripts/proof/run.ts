import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine } from "../testkit/process/process-stats.ts";
import {
  closingLine,
  DOCS,
  printTable,
  type ReportForm,
  type Result,
  type Run,
  readReport,
  writeReport,
} from "./report.ts";

/** What a case runs with. */
export type CaseContext<Shared> = {
  /** Random choices come from this; a run is repeated with SEED. */
  readonly seed: number;
  /** Whether this is the short selection. */
  readonly short: boolean;
  /** Names of all cases of this run. */
  readonly selected: ReadonlySet<string>;
  /** What all cases of the run share; started when it is first asked for. */
  shared(): Promise<Shared>;
  /** Called when the run is stopped by a signal, and then only; returns how to take it back. */
  onStop(cleanup: () => unknown): () => void;
  /** Keeps evidence of a failure in a file, and prints where. */
  keep(text: string): void;
  /** One line for whoever watches. */
  log(line: string): void;
};

/** One thing to try. What it throws is a problem, like what it returns. */
export type Case<Data, Shared> = {
  readonly name: string;
  readonly what: string;
  /** Part of the short selection. */
  readonly ci?: boolean;
  /** Runs whatever is selected by name, but not in the short selection. */
  readonly always?: boolean;
  /** Why it cannot run on this machine; undefined: it can. */
  readonly unavailable?: (() => string | undefined) | undefined;
  run(context: CaseContext<Shared>): Promise<{ data: Data; problems: readonly string[] }>;
};

/** A proof by cases: chaos, fuzz, mutation. */
export type Proof<Data, Shared extends { close(): Promise<void> }> = ReportForm<Data> & {
  readonly cases: readonly Case<Data, Shared>[];
  /** What is known of a case that threw. */
  readonly nothing: Data;
  /** Cases at a time. */
  readonly lanes: number;
  /** Whether SEED makes a difference. */
  readonly seeded: boolean;
  /** Starts what the cases share. */
  start(): Promise<Shared>;
};

/** What was asked for: `--ci`, `--list`, `--report`, `--continue`, ONLY and SEED. */
export type Choice = { ci: boolean; list: boolean; report: boolean; goOn: boolean; only: string; seed: number };

const FLAGS = ["--ci", "--list", "--report", "--continue"];

/** Reads arguments and environment; a text for people when they make no sense. */
export function readChoice(args: readonly string[], env: NodeJS.ProcessEnv): Choice | string {
  const unknown = args.find((arg) => !FLAGS.includes(arg));
  if (unknown !== undefined)
    return `${unknown}: unknown; known are ${FLAGS.join(", ")}, ONLY= and SEED= in the environment`;
  const { SEED = "", ONLY = "" } = env;
  if (SEED !== "" && !/^[1-9]\d{0,8}$/.test(SEED)) return `SEED=${SEED}: must be a whole number from 1 to 999999999`;
  const seed = SEED === "" ? 1 + Math.floor(Math.random() * 999_999_999) : Number(SEED);
  const has = (flag: string) => args.includes(flag);
  const goOn = has("--continue");
  return { ci: has("--ci"), list: has("--list"), report: has("--report"), goOn, only: ONLY.trim(), seed };
}

/** The cases with ONLY, or with one of its parts between commas, in their name. Names may have commas themselves. */
export function select<C extends { name: string; ci?: boolean; always?: boolean }>(
  cases: readonly C[],
  { only, ci }: Pick<Choice, "only" | "ci">,
): C[] {
  const whole = cases.some(({ name }) => name.includes(only));
  const parts = whole
    ? [only]
    : only
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "");
  const chosen = cases.filter((one) => parts.some((part) => one.name.includes(part)) && (!ci || one.ci === true));
  if (chosen.length === 0) return [];
  return cases.filter((one) => chosen.includes(one) || (one.always === true && !ci));
}

/**
 * Runs a proof and prints its progress, its table and `N passed, N failed`. The report in docs/ is written after a whole run,
 * or when asked for. `--continue` takes over the results in the report there, by the same seed, runs the rest, and writes
 * the report also when it is stopped by a signal: a long proof can be made in parts.
 * Returns the exit code: 0 all passed, 1 something failed, 2 the arguments make no sense; a signal stops
 * the run, what it has started is ended, and the code is 130 or 143.
 */
export async function runProof<Data, Shared extends { close(): Promise<void> }>(
  proof: Proof<Data, Shared>,
  {
    args = process.argv.slice(2),
    env = process.env,
    docs = DOCS,
  }: { args?: readonly string[]; env?: NodeJS.ProcessEnv; docs?: string } = {},
): Promise<number> {
  const choice = readChoice(args, env);
  if (typeof choice === "string") {
    console.error(choice);
    return 2;
  }
  if (choice.goOn && proof.seeded && (env.SEED ?? "") === "") {
    console.error("--continue: needs the SEED= of the report that is continued");
    return 2;
  }
  const chosen = select(proof.cases, choice);
  if (choice.list) {
    for (const { name, what } of chosen) console.log(`${name}: ${what}`);
    return 0;
  }
  if (chosen.length === 0) {
    console.error(
      `ONLY=${choice.only}: none of the ${proof.noun} has this in its name; make ${proof.name} ARGS=--list shows them`,
    );
    return 2;
  }
  const earlier = choice.goOn
    ? readReport<Data>(proof, { docs, cases: chosen, seed: seedOf(proof, choice) })
    : undefined;
  const done = new Set(earlier?.results.map(({ name }) => name));
  const rest = chosen.filter(({ name }) => !done.has(name));
  const whole = (part: Run<Data>) => joinRuns(chosen, part, earlier);
  const write = (part: Run<Data>) => writeReport(proof, whole(part), docs);
  const part = await runCases(proof, rest, choice, (stopped) => {
    if (choice.goOn) write(stopped);
  });
  const run = whole(part);
  const { results, skipped, seconds } = run;
  const seedText = proof.seeded ? `, SEED=${choice.seed}` : "";
  console.log(
    `\n${printTable(proof.columns, results)}\n\n${proof.summary(results)}; ${Math.round(seconds)} s${seedText}`,
  );
  for (const { name, why } of skipped) console.log(`SKIPPED ${name}: ${why}`);
  if (choice.report || choice.goOn || (choice.only === "" && !choice.ci))
    console.log(`written: ${write(part).join(", ")}`);
  console.log(`\n${closingLine(run)}`);
  return results.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

const seedOf = ({ seeded }: { seeded: boolean }, { seed }: Choice) => (seeded ? seed : undefined);

/** A run together with what was taken over from an earlier one, in the order of the cases. */
function joinRuns<Data>(
  cases: readonly { name: string }[],
  part: Run<Data>,
  earlier: Pick<Run<Data>, "commit" | "results" | "seconds"> | undefined,
): Run<Data> {
  if (earlier === undefined) return part;
  const commit = [...new Set([...earlier.commit.split(", "), part.commit])].join(", ");
  const order = cases.map(({ name }) => name);
  const results = [...earlier.results, ...part.results].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return { ...part, commit, results, seconds: earlier.seconds + part.seconds };
}

async function runCases<Data, Shared extends { close(): Promise<void> }>(
  proof: Proof<Data, Shared>,
  chosen: readonly Case<Data, Shared>[],
  choice: Choice,
  onStopped: (part: Run<Data>) => void,
): Promise<Run<Data>> {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const skipped = chosen.flatMap(({ name, unavailable }) => {
    const why = unavailable?.();
    return why === undefined ? [] : [{ name, why }];
  });
  const queue = chosen.filter(({ name }) => !skipped.some((one) => one.name === name));
  const order = queue.map(({ name }) => name);
  console.log(`${proof.name}: ${queue.length} ${proof.noun}${proof.seeded ? `, SEED=${choice.seed}` : ""}`);

  const cleanups = new Set<() => unknown>();
  const failures = mkdtempSync(join(tmpdir(), `countinghouse-${proof.name}-`));
  let shared: Promise<Shared> | undefined;
  const results: Result<Data>[] = [];
  const seed = seedOf(proof, choice);
  const soFar = async () => {
    results.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    return { commit: await commit(), seed, machine: describeMachine(), seconds: seconds(), results, skipped };
  };
  const release = stopOnSignals(cleanups, async () => onStopped(await soFar()));
  cleanups.add(async () => (await shared)?.close());
  const contextOf = (name: string): CaseContext<Shared> => ({
    seed: choice.seed,
    short: choice.ci,
    selected: new Set(order),
    shared: () => (shared ??= proof.start()),
    onStop: (cleanup) => {
      cleanups.add(cleanup);
      return () => cleanups.delete(cleanup);
    },
    keep: (text) => keep(failures, name, text),
    log: (line) => console.log(`    ${seconds().toFixed(1).padStart(6)} s  ${line}`),
  });
  const lane = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      if (proof.lanes === 1) console.log(`\n=== ${one.name}: ${one.what}`);
      const result = await runCase(one, contextOf(one.name), proof.nothing);
      results.push(result);
      printResult(result, seconds());
    }
  };
  try {
    await Promise.all(Array.from({ length: proof.lanes }, lane));
  } finally {
    release();
    await Promise.allSettled([...cleanups].map(async (cleanup) => cleanup()));
  }
  if (results.every(({ problems }) => problems.length === 0)) rmSync(failures, { recursive: true, force: true });
  return soFar();
}

async function runCase<Data, Shared>(
  { name, what, run }: Case<Data, Shared>,
  context: CaseContext<Shared>,
  nothing: Data,
): Promise<Result<Data>> {
  try {
    return { name, what, ...(await run(context)) };
  } catch (error) {
    return {
      name,
      what,
      data: nothing,
      problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    };
  }
}

function printResult({ name, problems }: Result<unknown>, seconds: number): void {
  console.log(`${seconds.toFixed(0).padStart(5)} s  ${problems.length === 0 ? "ok    " : "FAILED"}  ${name}`);
  for (const problem of problems) console.log(`         ! ${problem}`);
}

function keep(dir: string, name: string, text: string): void {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.log`);
  writeFileSync(file, text);
  console.log(`         evidence: ${file}`);
}

/** Ends what the run has started, and the process, on SIGINT and SIGTERM. Returns how to stop listening. */
function stopOnSignals(cleanups: ReadonlySet<() => unknown>, first: () => Promise<void>): () => void {
  const handlers = (
    [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const
  ).map(([signal, code]) => {
    const handler = async () => {
      console.log(`\n${signal}: stopping`);
      await first();
      await Promise.allSettled([...cleanups].map(async (cleanup) => cleanup()));
      process.exit(code);
    };
    process.once(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const off of handlers) off();
  };
}

async function commit(): Promise<string> {
  const git = Bun.spawn(["git", "describe", "--always", "--dirty", "--abbrev=12"], {
    stdout: "pipe",
    stderr: "ignore",
  });
  return (await new Response(git.stdout).text()).trim() || "unknown";
}
