import { expect, test } from "bun:test";
import { createProgress } from "./progress.ts";

/** Feeds samples two seconds apart: appended and committed. */
function waiting(...samples: [number, number][]) {
  const progress = createProgress();
  return samples.map(([appended, committed], i) => progress({ atMs: i * 2_000, appended, committed }));
}
const watch = (...samples: [number, number][]) => waiting(...samples).map(({ stuckMs }) => stuckMs);

test("lag that grows without a commit is told within two looks; a commit ends it", () => {
  expect(watch([10, 10], [20, 10], [30, 10], [40, 10], [50, 45])).toEqual([
    ...[undefined, undefined, 4_000, 6_000, undefined],
  ]);
});

test("consumers that get on, however slowly, and a topic at rest are no trouble", () => {
  expect(watch([10, 5], [20, 6], [30, 7], [40, 8])).toEqual([undefined, undefined, undefined, undefined]);
  expect(watch([10, 10], [10, 10], [10, 10], [10, 10], [11, 10])).toEqual([
    ...[undefined, undefined, undefined, undefined, undefined],
  ]);
  // Level lag, as an open transaction leaves: nothing new waits.
  expect(watch([10, 5], [10, 5], [10, 5], [10, 5])).toEqual([undefined, undefined, undefined, undefined]);
  // A rewind, a topic created anew.
  expect(watch([10, 10], [12, 2], [12, 2], [3, 0], [3, 0])).toEqual([
    ...[undefined, undefined, undefined, undefined, undefined],
  ]);
});

test("messages that wait without a commit are told after seconds, however few; those that just came are not", () => {
  const still = (...samples: [number, number][]) => waiting(...samples).map(({ stillMs }) => stillMs);
  expect(still([10, 10], [11, 10], [11, 10], [11, 11])).toEqual([undefined, undefined, 4_000, undefined]);
  expect(still([10, 5], [10, 5], [10, 5])).toEqual([undefined, undefined, 4_000]);
  expect(still([10, 10], [11, 10], [11, 11], [12, 11], [12, 12])).toEqual(Array(5).fill(undefined));
});
