import type { CheckerMutant, Mutant } from "../mutant.ts";
import { CHECKER_MUTANTS as CHECKERS } from "./checkers.ts";
import { CONSUMER_MUTANTS } from "./consumer.ts";
import { CONTINUOUS_MUTANTS } from "./continuous.ts";
import { DEAD_LETTER_MUTANTS } from "./dead-letters.ts";
import { FALSE_WORD_MUTANTS } from "./false-words.ts";
import { PRODUCER_MUTANTS } from "./producer.ts";
import { STORE_MUTANTS } from "./store.ts";

/** No defect: both checkers must say EXACT, or what they say about the others is worth nothing. */
const CONTROL: Mutant = {
  name: "control",
  defect: "none",
  verify: { exit: 0 },
  audit: { exit: 0 },
  ci: true,
};

/** All defects of the pipeline, the control first. */
export const MUTANTS: readonly Mutant[] = [
  CONTROL,
  ...CONSUMER_MUTANTS,
  ...DEAD_LETTER_MUTANTS,
  ...PRODUCER_MUTANTS,
  ...STORE_MUTANTS,
];

/** All defects of what judges and tells. */
export const CHECKER_MUTANTS: readonly CheckerMutant[] = [...CHECKERS, ...CONTINUOUS_MUTANTS, ...FALSE_WORD_MUTANTS];
