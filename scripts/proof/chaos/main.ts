/**
 * `make chaos`: runs the scenarios, each on a pipeline of its own, prints a table and writes docs/chaos-report.md and
 * docs/chaos-report.json. Arguments: `--ci` (the short selection), `--report` (write the report of a partial run too),
 * `--list`. Environment: SCENARIO (a part of the names to run), SEED (replays a run's random choices).
 * Exit code 0 only when all are ok.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine } from "../../testkit/process/process-stats.ts";
import { printed, type Result, type Skipped, writeReport } from "./report.ts";
import { runScenario } from "./run-scenario.ts";
import type { Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios/index.ts";

function selected(args: readonly string[], part: string): Scenario[] {
  return SCENARIOS.filter(({ ci }) => ci === true || !args.includes("--ci")).filter(({ name }) => name.includes(part));
}

async function commit(): Promise<string> {
  const git = Bun.spawn(["git", "describe", "--always", "--dirty", "--abbrev=12"], {
    stdout: "pipe",
    stderr: "ignore",
  });
  return (await new Response(git.stdout).text()).trim() || "unknown";
}

async function main(args: readonly string[]): Promise<number> {
  const part = process.env.SCENARIO ?? "";
  const seed = process.env.SEED || String(Math.floor(Math.random() * 1_000_000));
  const chosen = selected(args, part);
  if (args.includes("--list")) {
    for (const { name, faults } of chosen) console.log(`${name}: ${faults}`);
    return 0;
  }
  if (chosen.length === 0) {
    console.error(`SCENARIO=${part}: no scenario has this in its name; scripts/proof/chaos/main.ts --list shows them`);
    return 2;
  }
  const runnable: Scenario[] = [];
  const skipped: Skipped[] = [];
  for (const scenario of chosen) {
    const why = scenario.unavailable?.();
    if (why === undefined) runnable.push(scenario);
    else skipped.push({ name: scenario.name, why });
  }
  for (const { name, why } of skipped) console.log(`SKIPPED ${name}: ${why}`);
  const began = performance.now();
  console.log(`${runnable.length} scenarios, seed ${seed}`);
  const failureDir = mkdtempSync(join(tmpdir(), "countinghouse-chaos-"));
  const results: Result[] = [];
  for (const scenario of runnable) results.push(await runScenario(scenario, { seed, failureDir }));
  const seconds = (performance.now() - began) / 1000;
  const failed = results.filter(({ ok }) => !ok).length;
  console.log(`\n${printed(results)}\n\nseed ${seed}, ${Math.round(seconds)} s`);
  const full = part === "" && !args.includes("--ci");
  if (full || args.includes("--report")) {
    const report = { commit: await commit(), seed, machine: describeMachine(), scenarios: results, skipped };
    writeReport(report, runnable, seconds);
    console.log("written: docs/chaos-report.md, docs/chaos-report.json");
  }
  if (failed === 0) rmSync(failureDir, { recursive: true, force: true });
  else console.log(`reports and logs of what failed: ${failureDir}`);
  const more = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  console.log(`\n${results.length - failed} passed, ${failed} failed${more}`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
process.exit();
