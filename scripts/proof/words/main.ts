/**
 * `make words`: 300 random runs under live traffic with kills of every process, the watcher too; no proof may say a false
 * word. Arguments, environment and exit codes are those of {@link runProof}; RUNS= makes them fewer.
 */
import { z } from "zod";
import { envInt, loadConfig } from "../../../workers/shared/runtime/config.ts";
import { runProof } from "../run.ts";
import { WORDS_REPORT } from "./report.ts";
import { runWords } from "./run.ts";
import { Stacks } from "./stacks.ts";

const { RUNS, LANES } = loadConfig(
  z.object({ RUNS: envInt(1, 100_000).prefault("300"), LANES: envInt(1, 16).prefault("2") }),
  process.env,
);
/** Of the short selection: the last of them settles. */
const CI_RUNS = 10;

process.exit(
  await runProof<(typeof WORDS_REPORT)["nothing"], Stacks>({
    ...WORDS_REPORT,
    cases: Array.from({ length: RUNS }, (_, i) => ({
      name: `run ${String(i + 1).padStart(3, "0")}`,
      what: "kills at random, and what the proofs say meanwhile",
      ci: i < CI_RUNS,
      run: (context) => runWords(i + 1, context),
    })),
    lanes: LANES,
    seeded: true,
    start: async () => new Stacks(),
  }),
);
