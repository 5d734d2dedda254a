import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_STEPS, regexCost } from "./regex.ts";

const cost = (pattern: string, length: number) => {
  const found = regexCost(pattern, length);
  if ("code" in found) throw new Error(found.message);
  return found;
};

describe("patterns people write are cheap", () => {
  test.each([
    ["^[A-Z]{3}$", 1_000_000, 3],
    ["^(?:0|[1-9][0-9]{0,10})(?:\\.[0-9]{1,4})?$", 1_000_000, 16],
    ["^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", 1_000_000, 36],
    ["^\\p{L}{1,40}$", 1_000_000, 40],
    ["^(?<year>\\d{4})-(?<month>0[1-9]|1[0-2])$", 1_000_000, 7],
    ["^(?:EUR|USD|GBP)$", 1_000_000, 3],
    ["^[^@\\s]+@[^@\\s]+$", 254, undefined],
    ["^[a-z0-9-]{1,64}$", 1_000_000, 64],
    ["[\\]a{2,}]", 1_000_000, undefined],
    ["^😀{2}$", 1_000_000, 2],
  ] as const)("%s", (pattern, length, longest) => {
    const found = cost(pattern, length);
    expect(found.steps).toBeLessThanOrEqual(MAX_STEPS);
    expect(found.longest).toBe(longest as number);
  });
});

/** Patterns of a few letters, with the repetitions and alternatives that make them slow. */
const patterns = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("a", "b", "[ab]", ".", "\\w"),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => a + b),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie("node"), fc.constantFrom("*", "+", "?", "{2,5}", "{0,3}?")).map(([a, times]) => `(?:${a})${times}`),
  ),
})).node;

test("what is accepted is quick on the texts that make patterns slow", () => {
  const slow: [string, number][] = [];
  let accepted = 0;
  fc.assert(
    fc.property(patterns, fc.boolean(), (inner, anchored) => {
      const pattern = anchored ? `^${inner}$` : `${inner}c`;
      const found = regexCost(pattern, 200);
      if ("code" in found || found.steps > MAX_STEPS) return;
      accepted += 1;
      const regex = new RegExp(pattern, "u");
      const before = process.cpuUsage();
      for (const text of ["a".repeat(200), "ab".repeat(100), `${"a".repeat(199)}!`]) regex.test(text);
      const { user } = process.cpuUsage(before);
      if (user > 1_000_000) slow.push([pattern, user]);
    }),
    { numRuns: 300, seed: 20_261_127 },
  );
  expect(slow).toEqual([]);
  expect(accepted).toBeGreaterThan(100);
});
