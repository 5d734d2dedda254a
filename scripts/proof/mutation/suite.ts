import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "../../testkit/index.ts";
import { dieWithParent } from "../../testkit/process/die-with-parent.ts";
import { type Counts, junitCounts, summary } from "../../testkit/test-run.ts";
import type { SuiteTest } from "./mutant.ts";

/** A test that hangs under a defect has failed, ms. */
const TIMEOUT_MS = 90_000;

/** Runs tests from a directory of sources against a running stack; counts what passed and failed. */
export async function runSuite(dir: string, tests: readonly SuiteTest[], stack: Stack): Promise<Counts> {
  const reports = mkdtempSync(join(tmpdir(), "countinghouse-suite-"));
  try {
    const counts: Counts[] = [];
    for (const [i, test] of tests.entries()) {
      counts.push(await runTest(dir, test, stack, join(reports, `${i}.xml`)));
    }
    return {
      passed: counts.reduce((sum, { passed }) => sum + passed, 0),
      failed: summary(counts).failed,
      skipped: 0,
    };
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

async function runTest(dir: string, { file, name }: SuiteTest, stack: Stack, report: string): Promise<Counts> {
  const { PATH = "", HOME = "" } = process.env;
  const { brokers, clickhouse } = stack;
  const select = name === undefined ? [] : ["--test-name-pattern", name];
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const command = [process.execPath, "test", `--timeout=${TIMEOUT_MS}`, ...select, ...reporter, `./${file}`] as const;
  const child = Bun.spawn(dieWithParent([...command]), {
    cwd: dir,
    env: {
      PATH,
      HOME,
      TZ: "UTC",
      TEST_KAFKA_BROKERS: brokers,
      TEST_CLICKHOUSE_URL: clickhouse.url,
      TEST_CLICKHOUSE_USER: clickhouse.user,
      TEST_CLICKHOUSE_PASSWORD: clickhouse.password,
    },
    stdio: ["ignore", "ignore", "ignore"],
  });
  await child.exited;
  const counts = junitCounts(existsSync(report) ? readFileSync(report, "utf8") : "");
  if (counts.passed + counts.failed === 0) throw new Error(`${file}: no test named ${name ?? "anything"} ran`);
  return counts;
}
