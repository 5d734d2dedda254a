import { expect, test } from "bun:test";
import fc from "fast-check";
import { planSkip } from "./plan.ts";

test("the group moves over the range and over nothing else, and never back", () => {
  const offset = fc.nat(100);
  fc.assert(
    fc.property(offset, offset, offset, offset, fc.option(offset), (low, length, from, extent, committed) => {
      const range = { partition: 1, from: low, end: low + length, stable: low + length };
      const to = from + extent;
      const plan = planSkip(range, committed ?? undefined, { from, to });
      const next = Math.max(low, committed ?? low);
      if (plan.kind === "move") {
        expect(next).toBeGreaterThanOrEqual(from);
        expect(next).toBeLessThanOrEqual(to);
        expect(plan.target).toBe(to + 1);
        expect(plan.target).toBeLessThanOrEqual(range.end);
      } else if (plan.kind === "note") expect(next).toBeGreaterThan(to);
      else expect(to >= range.end || next < from).toBe(true);
    }),
  );
});
