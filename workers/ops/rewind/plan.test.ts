import { expect, test } from "bun:test";
import fc from "fast-check";
import { planRewind } from "./plan.ts";

test("goes back, never forward, never before the first message, and counts what is read again", () => {
  const offset = fc.integer({ min: 0, max: 1_000 });
  fc.assert(
    fc.property(offset, offset, fc.option(offset), fc.option(offset), (from, length, committed, target) => {
      const range = { partition: 3, from, end: from + length };
      const at = committed === null ? undefined : Math.min(from + committed, range.end);
      const [step] = planRewind(
        [range],
        new Map(at === undefined ? [] : [[3, at]]),
        new Map(target === null ? [] : [[3, target]]),
      );
      if (step === undefined) throw new Error("no step");
      expect(step.target).toBeGreaterThanOrEqual(from);
      expect(step.target).toBeLessThanOrEqual(at ?? from);
      expect(step.again).toBe(at === undefined ? 0 : at - step.target);
      if (target === null && at !== undefined) expect(step.target).toBe(from);
    }),
  );
});
