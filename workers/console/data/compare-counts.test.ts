import { expect, test } from "bun:test";
import { compareCounts } from "./compare-counts.ts";

const counts = { produced: 10, unknown: 0, stored: 12, storedOfLedger: 10, shown: 12 };

test("equal counts are equal, with and without foreign events", () => {
  expect(compareCounts(counts, false)).toBe("equal");
  expect(compareCounts({ ...counts, stored: 10, shown: 10 }, true)).toBe("equal");
  expect(compareCounts({ produced: 0, unknown: 0, stored: 5, storedOfLedger: 0, shown: 5 }, false)).toBe("equal");
});

test("a difference is one only when nothing can be under way", () => {
  for (const wrong of [{ produced: 11 }, { produced: 9 }, { shown: 11 }, { stored: 13 }]) {
    expect(compareCounts({ ...counts, ...wrong }, true)).toBe("in_flight");
    expect(compareCounts({ ...counts, ...wrong }, false)).toBe("different");
  }
});

test("unknown sends explain a surplus up to their number", () => {
  expect(compareCounts({ ...counts, produced: 8, unknown: 2 }, false)).toBe("unknown");
  expect(compareCounts({ ...counts, produced: 7, unknown: 2 }, false)).toBe("different");
  expect(compareCounts({ ...counts, produced: 8, unknown: 2, shown: 11 }, false)).toBe("different");
});

test("without raw events only too few are a difference", () => {
  const none = { ...counts, stored: undefined, storedOfLedger: undefined };
  expect(compareCounts(none, false)).toBe("no_raw");
  expect(compareCounts({ ...none, shown: 9 }, true)).toBe("in_flight");
  expect(compareCounts({ ...none, shown: 9 }, false)).toBe("different");
});
