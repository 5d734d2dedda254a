/**
 * Runs the tests: `bun scripts/test.ts [--only KIND,…] [path part …]`. Unit and property tests first, then those that need
 * the broker and engine, which are started once on free ports and temporary data. Without `--only` the kinds of `make test`.
 * The last line is `N passed, N failed`; the exit code is 0 only when nothing failed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Broker } from "./testkit/broker/broker.ts";
import { temporaryEngine } from "./testkit/engine/engine.ts";
import { freePort } from "./testkit/process/ports.ts";
import {
  CORE_KINDS,
  type Counts,
  junitCounts,
  junitFailures,
  KINDS,
  type Kind,
  kindOf,
  summary,
} from "./testkit/test-run.ts";

const ROOT = join(import.meta.dir, "..");
/** Milliseconds one test of a kind may take. */
const TIMEOUT_MS: Record<Kind, number> = {
  unit: 30_000,
  integration: 120_000,
  e2e: 300_000,
  lake: 300_000,
  browser: 120_000,
  alerting: 300_000,
};
/** Kinds whose tests start the binaries of dist/. */
const NEEDS_BUILD: ReadonlySet<Kind> = new Set(["e2e", "lake", "browser", "alerting"]);

type Selection = { kind: Kind; files: string[] }[];

function select(kinds: readonly Kind[], filters: readonly string[]): Selection {
  const all = [...new Bun.Glob("{workers,scripts}/**/*.test.{ts,tsx}").scanSync({ cwd: ROOT })].sort();
  const wanted = all.filter(
    (file) => filters.length === 0 || filters.some((filter) => file.includes(filter.replace(/^\.\//, ""))),
  );
  return kinds
    .map((kind) => ({ kind, files: wanted.filter((file) => kindOf(file) === kind) }))
    .filter(({ files }) => files.length > 0);
}

/** Files of tests that run beside each other: most of their time goes into waiting for brokers, engines and intervals. */
const LANES = 2;

/**
 * Runs the files of one kind. Unit tests share a process, which starts once; every other file has one of its own, so that
 * the lanes are filled as they become free. Each file's output is shown in one piece.
 */
async function runKind(
  { kind, files }: Selection[number],
  env: Record<string, string>,
  dir: string,
): Promise<Counts[]> {
  console.log(`\n== ${kind}: ${files.length} files`);
  const queue = kind === "unit" ? [files] : files.map((file) => [file]);
  const counts: Counts[] = [];
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      counts.push(await runBunTest(kind, next, env, join(dir, `${crypto.randomUUID()}.xml`)));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return counts;
}

async function runBunTest(kind: Kind, files: readonly string[], env: Record<string, string>, report: string) {
  const beganMs = performance.now();
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const child = Bun.spawn(
    [process.execPath, "test", `--timeout=${TIMEOUT_MS[kind]}`, ...reporter, ...files.map((file) => `./${file}`)],
    { cwd: ROOT, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  stopAtEnd(() => child.kill("SIGKILL"));
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  console.log(`${out}${err}`.trimEnd());
  if (files.length === 1) console.log(`-- ${files[0]}: ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
  const xml = existsSync(report) ? readFileSync(report, "utf8") : "";
  const counts: Counts = junitCounts(xml);
  failures.push(...junitFailures(xml));
  // A crash, or an error outside of any test, fails no test and must still fail the run.
  if (code === 0 || counts.failed > 0) return counts;
  failures.push(`${files.join(" ")}: exit ${code} outside of any test`);
  return { ...counts, failed: 1 };
}

async function startStack(dir: string): Promise<Record<string, string>> {
  const broker = new Broker({ dir: join(dir, "kafka"), port: await freePort(), logFile: join(dir, "kafka.log") });
  const engine = await temporaryEngine(dir);
  stopAtEnd(() => broker.kill());
  stopAtEnd(() => engine.kill());
  const [brokerMs, engineMs] = await Promise.all([broker.start(), engine.start()]);
  console.log(`\nKafka ready in ${(brokerMs / 1000).toFixed(1)} s, ClickHouse in ${(engineMs / 1000).toFixed(1)} s`);
  return {
    TEST_KAFKA_BROKERS: broker.brokers,
    TEST_CLICKHOUSE_URL: engine.url,
    TEST_CLICKHOUSE_USER: engine.options.user,
    TEST_CLICKHOUSE_PASSWORD: engine.options.password,
  };
}

async function build(): Promise<boolean> {
  const make = Bun.spawn(["make", "build"], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  return (await make.exited) === 0;
}

/** What failed, told again where everybody looks: at the end. */
const failures: string[] = [];

const cleanups: (() => unknown)[] = [];
function stopAtEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}
async function stopAll(): Promise<void> {
  await Promise.allSettled(cleanups.splice(0).map(async (cleanup) => cleanup()));
}

/** `--only a,b` and the path filters. @throws {Error} on a kind that does not exist. */
function readArgs(args: readonly string[]): { kinds: readonly Kind[]; filters: readonly string[] } {
  if (args[0] !== "--only") return { kinds: CORE_KINDS, filters: args };
  const kinds = (args[1] ?? "").split(",").map((name) => {
    const kind = KINDS.find((known) => known === name);
    if (kind === undefined) throw new Error(`--only ${name}: no such kind of tests; known: ${KINDS.join(", ")}`);
    return kind;
  });
  return { kinds, filters: args.slice(2) };
}

async function main(args: readonly string[]): Promise<number> {
  const { kinds, filters } = readArgs(args);
  const selection = select(kinds, filters);
  if (selection.length === 0) {
    console.error(`no test of ${kinds.join(", ")} matches ${filters.join(" ")}`);
    const others = select(KINDS, filters).map(({ kind }) => kind);
    if (others.length > 0)
      console.error(`next: \`bun scripts/test.ts --only ${others.join(",")} ${filters.join(" ")}\``);
    return 1;
  }
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-run-"));
  stopAtEnd(() => rmSync(dir, { recursive: true, force: true }));
  if (selection.some(({ kind }) => NEEDS_BUILD.has(kind)) && !(await build())) return 1;
  const counts: Counts[] = [];
  let stack: Record<string, string> | undefined;
  for (const part of selection) {
    if (part.kind !== "unit") stack ??= await startStack(dir);
    counts.push(...(await runKind(part, stack ?? {}, dir)));
  }
  const total = summary(counts);
  if (failures.length > 0) console.log(`\nFailed tests:\n${failures.join("\n")}`);
  console.log(`\n${total.line}`);
  return total.failed === 0 ? 0 : 1;
}

for (const [name, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const]) {
  process.once(name, async () => {
    await stopAll();
    process.exit(code);
  });
}
try {
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await stopAll();
}
