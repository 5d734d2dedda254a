import type { CheckerMutant, SuiteTest } from "../mutant.ts";

/** Defects of the continuous audit: it may neither pass over anything nor take for proven what it has not seen. */

const test = (file: string, name: string): SuiteTest[] => [{ file: `workers/ops/${file}`, name }];

export const CONTINUOUS_MUTANTS: readonly CheckerMutant[] = [
  {
    name: "continuous-skips",
    defect: "the continuous audit passes over the first offset of each step",
    patches: [
      {
        file: "workers/ops/continuous/step.ts",
        find: "{ partition: range.partition, from: state.next, to }",
        replace: "{ partition: range.partition, from: state.next + 1, to }",
      },
    ],
    suite: test("continuous/continuous.integration.test.ts", "an event that is not stored|what is committed"),
  },
  {
    name: "continuous-saves-early",
    defect: "the continuous audit moves on before a difference is fixed",
    patches: [
      {
        file: "workers/ops/continuous/step.ts",
        find: "  if (defects.length > 0) {\n",
        replace: "  if (defects.length > 0) state.next = planned.to;\n  if (defects.length > 0) {\n",
      },
    ],
    suite: test("continuous/continuous.integration.test.ts", "an event that is not stored|what is committed"),
  },
  {
    name: "continuous-views-blind",
    defect: "the continuous audit takes every minute for equal to what is shown",
    patches: [
      {
        file: "workers/ops/continuous/open-minutes.ts",
        find: "    judged.delete(key.bucket);\n    found.different.set(",
        replace: "    if (key.bucket < 0) found.different.set(",
      },
    ],
    suite: test("continuous/continuous.integration.test.ts", "a minute that the view shows|what is committed"),
  },
  {
    name: "continuous-duplicates-blind",
    defect: "the continuous audit takes every missing event for a copy of an earlier one",
    patches: [
      {
        file: "workers/ops/continuous/compare-slice.ts",
        find: "if (place !== undefined && isBefore(place, placeOf(one.slice, offset, at))) one.missing.delete(offset);",
        replace: "if (place === undefined || place.length > 0) one.missing.delete(offset);",
      },
    ],
    suite: test("continuous/continuous.integration.test.ts", "an event that is not stored|what is committed"),
  },
  {
    name: "continuous-hours-blind",
    defect: "the continuous audit takes every hour for equal to what is shown",
    patches: [
      {
        file: "workers/ops/continuous/open-minutes.ts",
        find: "for (const key of wrong) found.different.set(`hour",
        replace: "for (const key of wrong.slice(0, 0)) found.different.set(`hour",
      },
    ],
    suite: test("continuous/continuous.integration.test.ts", "an hour that the view|what is committed"),
  },
  {
    name: "continuous-hidden-blind",
    defect: "the continuous audit takes what an open transaction hides for proven",
    patches: [
      {
        file: "workers/ops/continuous/step.ts",
        find: "state.next >= range.end ||",
        replace: "state.next >= range.stable ||",
      },
    ],
    suite: test("verify/transactions.integration.test.ts", "what an open transaction hides"),
  },
  {
    name: "continuous-rewind-blind",
    defect: "the continuous audit stays ahead of a group that was moved back",
    patches: [
      {
        file: "workers/ops/continuous/step.ts",
        find: "committed >= known.next) return known;",
        replace: "committed >= 0) return known;",
      },
    ],
    suite: test("continuous/continuous.integration.test.ts", "after a rewind|what is committed"),
  },
];
