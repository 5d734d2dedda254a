import type { CaseContext } from "../run.ts";
import { createContext, withDeadline } from "./context.ts";
import { judge } from "./oracle.ts";
import { type ChaosData, NOTHING } from "./report.ts";
import type { Scenario } from "./scenario.ts";

/** No scenario may take longer than this, ms. */
const LIMIT_MS = 6 * 60_000;

/** Runs one scenario on a pipeline of its own. @throws {Error} when the pipeline does not start. */
export async function runScenario(
  scenario: Scenario,
  { seed, keep, onStop }: Pick<CaseContext<unknown>, "seed" | "keep" | "onStop">,
): Promise<{ data: ChaosData; problems: readonly string[] }> {
  const context = await createContext(scenario, `${seed}/${scenario.name}`);
  const forget = onStop(() => context.stop());
  const problems: string[] = [];
  let data = NOTHING;
  let evidence = "";
  try {
    const work = async () => {
      await scenario.run(context);
      problems.push(...(await context.settle()));
      return judge(context.pipeline, context.sent, scenario.expect ?? "exact");
    };
    const judgement = await withDeadline(work(), "the scenario to end", LIMIT_MS);
    const { events, lost, doubled, deadLetters } = judgement;
    problems.push(...judgement.problems);
    evidence = judgement.evidence;
    if (events === 0) problems.push("no event was sent");
    if (lost > 0 || doubled > 0) problems.push(`${lost} events lost, ${doubled} counted twice`);
    data = { ...data, events, lost, doubled, dead_letters: deadLetters };
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const recovery_s = Math.round((context.recoveryS ?? 0) * 10) / 10;
  if (problems.length > 0) keep([...problems, evidence, context.logs()].join("\n\n"));
  await context.stop();
  forget();
  return { data: { ...data, faults: context.faults.toString(), recovery_s }, problems };
}
