import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ChaosRun, createContext, withDeadline } from "./context.ts";
import { judge } from "./oracle.ts";
import type { Result } from "./report.ts";
import type { Scenario } from "./scenario.ts";

/** No scenario may take longer than this, ms. */
const LIMIT_MS = 6 * 60_000;

/** Runs one scenario on a pipeline of its own. What goes wrong is printed, and its logs are kept in `failureDir`. */
export async function runScenario(
  scenario: Scenario,
  options: { seed: string; failureDir: string; limitMs?: number },
): Promise<Result> {
  const began = performance.now();
  console.log(`\n=== ${scenario.name}: ${scenario.faults}`);
  let context: ChaosRun;
  try {
    context = await createContext(scenario, `${options.seed}/${scenario.name}`);
  } catch (error) {
    console.log(`--- FAILED: ${error instanceof Error ? error.message : String(error)}`);
    return { name: scenario.name, faults: "none: the pipeline did not start", ...NOTHING, ok: false };
  }
  const problems: string[] = [];
  let result: Omit<Result, "ok"> = { name: scenario.name, faults: "", ...NOTHING };
  let evidence = "";
  try {
    const work = async () => {
      await scenario.run(context);
      problems.push(...(await context.settle()));
      return judge(context.pipeline, context.sent, scenario.expect ?? "exact");
    };
    const judgement = await withDeadline(work(), "the scenario to end", options.limitMs ?? LIMIT_MS);
    const { events, lost, doubled, deadLetters } = judgement;
    problems.push(...judgement.problems);
    evidence = judgement.evidence;
    if (events === 0) problems.push("no event was sent");
    result = { ...result, events, lost, doubled, dead_letters: deadLetters };
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const recovery = Math.round((context.recoveryS ?? 0) * 10) / 10;
  result = { ...result, faults: context.faults.toString(), recovery_s: recovery };
  const ok = problems.length === 0 && result.lost === 0 && result.doubled === 0;
  if (!ok) keep(options.failureDir, scenario.name, [...problems, evidence, context.logs()]);
  await context.stop();
  for (const problem of problems) console.log(`    ! ${problem}`);
  const { events, lost, doubled, dead_letters } = result;
  const figures = `${events} events, ${lost} lost, ${doubled} doubled, ${dead_letters} dead letters`;
  console.log(`--- ${ok ? "ok" : "FAILED"}: ${figures} (${((performance.now() - began) / 1000).toFixed(0)} s)`);
  return { ...result, ok };
}

const NOTHING = { events: 0, lost: 0, doubled: 0, dead_letters: 0, recovery_s: 0 };

function keep(dir: string, name: string, parts: readonly string[]): void {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.log`);
  writeFileSync(file, parts.join("\n\n"));
  console.log(`    reports and logs: ${file}`);
}
