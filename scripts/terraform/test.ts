/**
 * `make terraform-test`: format, pins, documentation, static security, validation, `terraform test` and the life of the
 * stack against an emulated AWS. Needs Terraform and its AWS provider (a folder named by TF_PLUGIN_DIR, or one that is found;
 * TF_PLUGIN_DIR=registry downloads it) and Python; what is missing is skipped loudly. Exit code: 0 all passed, 1 something
 * failed, 77 nothing failed but parts were skipped. Ends with `N passed, N failed[, N skipped]`.
 */
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { exportedColumns, tableColumns } from "./columns.ts";
import { lifecycle } from "./lifecycle.ts";
import { moduleDirs, pinnedProvider, TERRAFORM_DIR } from "./modules.ts";
import { outdatedReadmes } from "./readme.ts";
import { Report } from "./report.ts";
import { run, tail } from "./run.ts";
import { findToolchain, pythonTool, type Toolchain, terraformEnv } from "./toolchain.ts";

const report = new Report();

/** Checks that need no Terraform. */
async function staticChecks(): Promise<void> {
  const outdated = outdatedReadmes(false);
  report.check("READMEs show the present inputs and outputs", outdated.length === 0, outdated.join("\n"));
  report.equal("the table has the columns of the lake's files", tableColumns(), exportedColumns());
  const tracked = (await run(["git", "ls-files", "--", "."], { cwd: TERRAFORM_DIR })).stdout.split("\n");
  const unwanted = tracked.filter((file) => /\.tfstate|\.tfplan$|(^|\/)\.terraform\/|\.tfvars(\.json)?$/.test(file));
  report.check("neither state nor plans nor values are in git", unwanted.length === 0, unwanted.join("\n"));
  const checkov = await pythonTool("checkov");
  if ("missing" in checkov) return report.skip("static security check", checkov.missing);
  const command = [join(checkov.found, "checkov"), "-d", ".", "--framework", "terraform", "--compact", "--quiet"];
  const scan = await run([...command, "--skip-download", "--output", "json"], { cwd: TERRAFORM_DIR });
  const { passed, failed, names } = checkovCounts(scan.stdout);
  // A scanner that looked at nothing would find nothing.
  const ok = scan.code === 0 && failed === 0 && passed >= 40;
  report.check(`checkov: ${passed} rules hold, ${failed} are broken`, ok, names.join("\n") || tail(scan));
}

function checkovCounts(json: string): { passed: number; failed: number; names: string[] } {
  try {
    const result = JSON.parse(json) as {
      summary: { passed: number; failed: number };
      results: { failed_checks: { check_id: string; check_name: string; resource: string }[] };
    };
    const names = result.results.failed_checks.map((c) => `${c.check_id} ${c.resource}: ${c.check_name}`);
    return { passed: result.summary.passed, failed: result.summary.failed, names };
  } catch {
    return { passed: 0, failed: 0, names: [] };
  }
}

/** Checks by Terraform in a copy of the modules, so that no working file gets into the checkout. */
async function terraformChecks(tools: Toolchain, copy: string): Promise<void> {
  const env = terraformEnv();
  const terraform = (cwd: string, ...args: string[]) => run([tools.terraform, ...args], { cwd, env });
  report.outcome("terraform fmt", await terraform(copy, "fmt", "-check", "-recursive", "-diff"));
  for (const module of moduleDirs()) {
    const dir = join(copy, module);
    const plugins = tools.pluginDir === undefined ? [] : [`-plugin-dir=${tools.pluginDir}`];
    const init = await terraform(dir, "init", "-backend=false", "-no-color", ...plugins);
    if (!report.outcome(`${module}: init`, init)) continue;
    report.outcome(`${module}: validate`, await terraform(dir, "validate", "-no-color"));
    if (!existsSync(join(dir, "tests"))) continue;
    const tests = await terraform(dir, "test", "-no-color");
    const counts = /^(?:Success|Failure)! (\d+) passed, (\d+) failed/m.exec(tests.stdout);
    const [passed, failed] = [Number(counts?.[1] ?? 0), Number(counts?.[2] ?? 0)];
    const ok = tests.code === 0 && failed === 0 && passed > 0;
    if (ok) report.add({ passed: passed - 1, failed: 0, skipped: 0 });
    report.check(`${module}: terraform test, ${passed} passed, ${failed} failed`, ok, tail(tests, 80));
  }
}

async function main(): Promise<number> {
  const version = pinnedProvider();
  report.check(`every module pins the AWS provider ${version}`, true);
  await staticChecks();
  const tools = findToolchain(version, process.env);
  if ("missing" in tools) {
    report.skip("terraform fmt, validate and test", tools.missing);
    report.skip("apply, drift and destroy", tools.missing);
    return report.end();
  }
  const work = mkdtempSync(join(tmpdir(), "countinghouse-terraform-"));
  process.once("exit", () => rmSync(work, { recursive: true, force: true }));
  const skipped = /^\.terraform|\.tfstate|\.tfvars/;
  cpSync(TERRAFORM_DIR, work, { recursive: true, filter: (source) => !skipped.test(basename(source)) });
  await terraformChecks(tools.found, work);
  const moto = await pythonTool("moto");
  if ("missing" in moto) report.skip("apply, drift and destroy", moto.missing);
  else await lifecycle(report, tools.found, moto.found, join(work, "stack"));
  return report.end();
}

for (const [name, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const]) {
  process.once(name, () => process.exit(code));
}
process.exit(await main());
