/** `make chart-test`: checks chart and manifests without a cluster. The last line is `N passed, N failed`. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { junitCounts, summary } from "../testkit/test-run.ts";
import { ROOT } from "./settings.ts";

const dir = mkdtempSync(join(tmpdir(), "chart-test-"));
try {
  const report = join(dir, "report.xml");
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const tests = Bun.spawn([process.execPath, "test", "--timeout=60000", ...reporter, "./scripts/cluster/chart-tests"], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await tests.exited;
  const counts = existsSync(report) ? junitCounts(readFileSync(report, "utf8")) : { passed: 0, failed: 0, skipped: 0 };
  const total = summary([code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts]);
  console.log(`\n${total.line}`);
  process.exitCode = total.failed === 0 ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
