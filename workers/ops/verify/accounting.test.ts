import { expect, test } from "bun:test";
import fc from "fast-check";
import { locateMissing } from "./accounting.ts";

test("locates exactly the missing offsets, joined to ranges", async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 0, max: 50 }),
    fc.integer({ min: 1, max: 20_000 }),
    fc.array(fc.nat({ max: 19_999 }), { maxLength: 15 }),
    async (from, length, holes) => {
      const missing = new Set(holes.map((hole) => from + (hole % length)));
      const ranges = await locateMissing({ from, end: from + length }, async (slices) =>
        slices.map((slice) => {
          let count = slice.end - slice.from;
          for (const offset of missing) if (offset >= slice.from && offset < slice.end) count--;
          return count;
        }),
      );
      const found = ranges.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i));
      expect(found).toEqual([...missing].sort((a, b) => a - b));
    },
  );
  await fc.assert(property, { numRuns: 100 });
});
