import { expect, test } from "bun:test";
import { createCaughtUp } from "./caught-up.ts";

/** Looks a second apart, at one partition: its end and what is committed. */
function looks(...samples: [number, number][]) {
  const caughtUp = createCaughtUp();
  return samples.map(([stable, committed], i) =>
    caughtUp(i * 1_000, [{ partition: 0, from: 0, end: stable, stable }], () => committed),
  );
}

test("what Kafka had at an earlier look is committed, though more came since", () => {
  expect(looks([10, 5], [20, 8], [30, 10], [40, 25], [50, 31])).toEqual([undefined, undefined, 0, 0, 2_000]);
});

test("an idle topic is level with the look before, a stuck group with none", () => {
  expect(looks([10, 10], [10, 10], [10, 10])).toEqual([undefined, 0, 1_000]);
  expect(looks([10, 10], [11, 10], [12, 10], [13, 10])).toEqual([undefined, 0, 0, 0]);
});

test("a topic created anew ends before it did, and is followed anew", () => {
  expect(looks([100, 50], [3, 0], [3, 3], [3, 3])).toEqual([undefined, undefined, 1_000, 2_000]);
});
