import { describe, expect, test } from "bun:test";
import { divideOffsets, judgeRanges, type ProvenRange, type StoredRun } from "./ranges.ts";
import { joinBlocks } from "./stored-runs.ts";

const exact = (ranges: { partition: number; from: number; end: number }[]) => ({
  verdict: "EXACT" as const,
  ranges,
  holes: [],
  hidden: [],
});
const run = (first: number, last: number, stored: number, isEarlierTopic = false): StoredRun => ({
  partition: 0,
  first,
  last,
  stored,
  isEarlierTopic,
});
const text = (ranges: readonly ProvenRange[]) =>
  ranges.map(({ partition, from, to, source, verdict }) => `${partition}: ${from}-${to} ${source} ${verdict}`);

describe("the verdict of each range of offsets", () => {
  test("a topic that is whole is EXACT, and nothing else is said of it", () => {
    const ranges = divideOffsets(exact([{ partition: 0, from: 0, end: 10 }]), []);
    expect(text(ranges)).toEqual(["0: 0-10 topic EXACT"]);
    expect(judgeRanges(ranges)).toBe("EXACT");
  });

  test("below the topic's first offset nothing is EXACT, whether the lake had it or nobody", () => {
    const ranges = divideOffsets(exact([{ partition: 0, from: 9_000, end: 9_500 }]), [
      run(100, 4_000, 3_901),
      run(7_000, 8_500, 1_200),
    ]);
    expect(text(ranges)).toEqual([
      "0: 0-100 nowhere NOT PROVEN",
      "0: 100-4001 store NOT PROVEN",
      "0: 4001-7000 nowhere NOT PROVEN",
      "0: 7000-8501 store NOT PROVEN",
      "0: 8501-9000 nowhere NOT PROVEN",
      "0: 9000-9500 topic EXACT",
    ]);
    expect(judgeRanges(ranges)).toBe("NOT PROVEN");
  });

  test("a topic that was made anew proves nothing of the one before", () => {
    const ranges = divideOffsets(exact([{ partition: 0, from: 0, end: 5 }]), [run(0, 700, 701, true)]);
    expect(text(ranges)).toEqual(["0: 0-701 earlier topic NOT PROVEN", "0: 0-5 topic EXACT"]);
    expect(judgeRanges(ranges)).toBe("NOT PROVEN");
  });

  test("an empty topic, or a partition that is gone, leaves what is stored unproven", () => {
    expect(text(divideOffsets(exact([{ partition: 0, from: 0, end: 0 }]), [run(3, 4, 2, true)]))).toEqual([
      "0: 3-5 earlier topic NOT PROVEN",
    ]);
    expect(text(divideOffsets(exact([]), [run(3, 4, 2)]))).toEqual([
      "0: 0-3 nowhere NOT PROVEN",
      "0: 3-5 store NOT PROVEN",
    ]);
  });

  test("offsets that nobody can read, and those of an open transaction, stand apart", () => {
    const ranges = divideOffsets(
      {
        ...exact([{ partition: 0, from: 0, end: 20 }]),
        holes: [{ partition: 0, from: 5, to: 8, kind: "unreadable" }],
        hidden: [{ partition: 0, messages: 4, sinceMs: undefined }],
      },
      [],
    );
    expect(text(ranges)).toEqual([
      "0: 0-5 topic EXACT",
      "0: 5-8 unreadable NOT PROVEN",
      "0: 8-20 topic EXACT",
      "0: 20-24 unreadable NOT PROVEN",
    ]);
  });

  test("one difference makes the whole DIFFERENT", () => {
    expect(judgeRanges([{ verdict: "EXACT" }, { verdict: "DIFFERENT" }, { verdict: "NOT PROVEN" }])).toBe("DIFFERENT");
  });
});

test("blocks with few offsets between them are one run, longer gaps part them", () => {
  const blocks = [run(10, 990, 900), run(1_000, 1_999, 1_000), run(3_500, 3_600, 50), run(3_601, 3_700, 9, true)];
  expect(joinBlocks(blocks)).toEqual([run(10, 1_999, 1_900), run(3_500, 3_600, 50), run(3_601, 3_700, 9, true)]);
});
