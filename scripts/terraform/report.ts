import { isDeepStrictEqual } from "node:util";
import { type Counts, summary } from "../testkit/test-run.ts";
import { type Outcome, tail } from "./run.ts";

/** Exit code of a run in which nothing failed but something could not be tested here. */
export const SKIPPED_EXIT_CODE = 77;

/** Checks as they happen: one line each, the reason below a failure, and what was skipped again at the end. */
export class Report {
  #passed = 0;
  #failed = 0;
  readonly #skipped: string[] = [];

  /** Notes a check; `why` is shown when it failed. Returns `ok`. */
  check(name: string, ok: boolean, why = ""): boolean {
    if (ok) this.#passed += 1;
    else this.#failed += 1;
    console.log(`${ok ? "ok  " : "FAIL"} ${name}`);
    if (!ok && why !== "") console.log(why.replace(/^/gm, "     "));
    return ok;
  }

  /** A command that must have ended with 0. */
  outcome(name: string, outcome: Outcome): boolean {
    return this.check(name, outcome.code === 0, `exit code ${outcome.code}\n${tail(outcome)}`);
  }

  /** Two values that must be deeply equal. */
  equal(name: string, actual: unknown, expected: unknown): boolean {
    const why = `found    ${JSON.stringify(actual)}\nexpected ${JSON.stringify(expected)}`;
    return this.check(name, isDeepStrictEqual(actual, expected), why);
  }

  /** Checks that were counted elsewhere. */
  add(counts: Counts): void {
    this.#passed += counts.passed;
    this.#failed += counts.failed;
  }

  /** A part that cannot be tested here, and why. */
  skip(name: string, why: string): void {
    this.#skipped.push(`${name}: ${why}`);
    console.log(`SKIP ${name}: ${why}`);
  }

  /** Prints the totals; returns the exit code: 0 all passed, 1 something failed, 77 nothing failed but parts were skipped. */
  end(): number {
    if (this.#skipped.length > 0) {
      console.log("\n!!! NOT TESTED on this machine:");
      for (const line of this.#skipped) console.log(`!!!   ${line}`);
    }
    const counts = { passed: this.#passed, failed: this.#failed, skipped: this.#skipped.length };
    console.log(`\n${summary([counts]).line}`);
    if (this.#failed > 0) return 1;
    return this.#skipped.length > 0 ? SKIPPED_EXIT_CODE : 0;
  }
}
