import type { RunningWorker } from "../../testkit/index.ts";
import type { Scene } from "./scene.ts";
import type { Patch } from "./source-tree.ts";

/**
 * What a checker counted. Figures that are not named are zero, so an expectation also says what must not be reported.
 * `+` stands for any number above zero, where the defect's extent is a matter of timing, `any` for zero as well.
 */
export type Figures = Readonly<Record<string, number | "+" | "any">>;

/** What a checker must answer: its exit code and figures. */
export type Expected = { readonly exit: number; readonly figures?: Figures };

/** Tests that must fail with the defect planted in the sources. */
export type SuiteTest = {
  /** Path of the test file relative to the repository. */
  readonly file: string;
  /** Part of the names of the tests to run; all of the file when it is absent. */
  readonly name?: string;
};

/** A defect of the pipeline, how it is planted, and what must be said about it. */
export type Mutant = {
  readonly name: string;
  /** What is wrong, for the table. */
  readonly defect: string;
  /** Workers whose sources are patched; the others are the compiled ones. */
  readonly patches?: readonly Patch[];
  /** Before anything is produced. */
  readonly before?: (scene: Scene) => Promise<void>;
  /** While the first consumer, of the patched sources if there are any, is at work. */
  readonly during?: (scene: Scene, consumer: RunningWorker) => Promise<void>;
  /** After everything is produced, stored and shown, as far as the patched workers do that. */
  readonly after?: (scene: Scene) => Promise<void>;
  /** The sums of events, minutes and hours will never be equal. */
  readonly unequal?: boolean;
  /** The workers will not come to rest by themselves: the checkers find that out. */
  readonly unsettled?: boolean;
  readonly verify: Expected;
  readonly audit: Expected;
  /** Absent where the defect is planted in the store and there is no source to test. */
  readonly suite?: readonly SuiteTest[];
  /** Why a checker rightly says nothing, for the table. */
  readonly note?: string;
  /** Part of the short selection. */
  readonly ci?: boolean;
};

/** A defect of a checker itself; the suite must fail. */
export type CheckerMutant = {
  readonly name: string;
  readonly defect: string;
  readonly patches: readonly Patch[];
  readonly suite: readonly SuiteTest[];
  readonly ci?: boolean;
};
