/**
 * `make chaos`: injects every class of fault, each on a pipeline of its own, and has one oracle judge the counts. Arguments,
 * environment and exit codes are those of {@link runProof}.
 */
import { runProof } from "../run.ts";
import { CHAOS_REPORT } from "./report.ts";
import { runScenario } from "./run-scenario.ts";
import { SCENARIOS } from "./scenarios/index.ts";

process.exit(
  await runProof({
    ...CHAOS_REPORT,
    cases: SCENARIOS.map((scenario) => ({
      name: scenario.name,
      what: scenario.faults,
      ci: scenario.ci === true,
      unavailable: scenario.unavailable,
      run: (context) => runScenario(scenario, context),
    })),
    lanes: 1,
    seeded: true,
    start: async () => ({ close: async () => undefined }),
  }),
);
