/**
 * Runs the tests: `bun scripts/test.ts [path part …]`. Unit and property tests first, then integration tests, then end-to-end
 * tests through the compiled binaries, the latter two against one real broker and engine on free ports and temporary data.
 * The last line is `N passed, N failed`; the exit code is 0 only when nothing failed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./lib/ports.ts";
import { type Counts, junitCounts, type Kind, kindOf, summary } from "./lib/test-run.ts";
import { Engine } from "./local/engine/engine.ts";
import { Broker } from "./local/kafka/broker.ts";

const ROOT = join(import.meta.dir, "..");
/** Milliseconds one test of a kind may take. */
const TIMEOUT_MS: Record<Kind, number> = { unit: 30_000, integration: 120_000, e2e: 300_000 };

function select(filters: readonly string[]): Record<Kind, string[]> {
  const selected: Record<Kind, string[]> = { unit: [], integration: [], e2e: [] };
  for (const file of new Bun.Glob("{workers,scripts}/**/*.test.{ts,tsx}").scanSync({ cwd: ROOT })) {
    if (filters.length > 0 && !filters.some((filter) => file.includes(filter.replace(/^\.\//, "")))) continue;
    selected[kindOf(file)].push(file);
  }
  for (const files of Object.values(selected)) files.sort();
  return selected;
}

async function runBunTest(kind: Kind, files: readonly string[], env: Record<string, string>, dir: string) {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  console.log(`\n== ${kind}: ${files.length} files`);
  const report = join(dir, `${kind}.xml`);
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const child = Bun.spawn(
    [process.execPath, "test", `--timeout=${TIMEOUT_MS[kind]}`, ...reporter, ...files.map((file) => `./${file}`)],
    { cwd: ROOT, env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit"] },
  );
  stopAtEnd(() => child.kill("SIGKILL"));
  const code = await child.exited;
  const counts: Counts = existsSync(report)
    ? junitCounts(readFileSync(report, "utf8"))
    : { passed: 0, failed: 0, skipped: 0 };
  // A crash, or an error outside of any test, fails no test and must still fail the run.
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

async function startStack(dir: string): Promise<Record<string, string>> {
  const broker = new Broker({ dir: join(dir, "kafka"), port: await freePort(), logFile: join(dir, "kafka.log") });
  const engine = new Engine({
    dir: join(dir, "clickhouse"),
    port: await freePort(),
    user: "default",
    password: crypto.randomUUID(),
    logFile: join(dir, "clickhouse.log"),
  });
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

const cleanups: (() => unknown)[] = [];
function stopAtEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}
async function stopAll(): Promise<void> {
  await Promise.allSettled(cleanups.splice(0).map(async (cleanup) => cleanup()));
}

async function main(filters: readonly string[]): Promise<number> {
  const files = select(filters);
  if (Object.values(files).flat().length === 0) {
    console.error(`no test file matches ${filters.join(" ")}`);
    return 1;
  }
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-run-"));
  stopAtEnd(() => rmSync(dir, { recursive: true, force: true }));
  if (files.e2e.length > 0 && !(await build())) return 1;
  const counts = [await runBunTest("unit", files.unit, {}, dir)];
  if (files.integration.length + files.e2e.length > 0) {
    const env = await startStack(dir);
    counts.push(await runBunTest("integration", files.integration, env, dir));
    counts.push(await runBunTest("e2e", files.e2e, env, dir));
  }
  const total = summary(counts);
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
