import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mismatch } from "./figures.ts";
import { CHECKER_MUTANTS, MUTANTS } from "./mutants/index.ts";
import { AnchorError, applyPatch } from "./source-tree.ts";

const ROOT = join(import.meta.dir, "../../..");
const all = [...MUTANTS, ...CHECKER_MUTANTS];

describe("mutants", () => {
  test("every planted defect still finds the text it replaces, and changes it", () => {
    for (const { name, patches = [] } of all) {
      const texts = new Map<string, string>();
      for (const patch of patches) {
        const before = texts.get(patch.file) ?? readFileSync(join(ROOT, patch.file), "utf8");
        const after = applyPatch(before, patch);
        expect({ name, changed: after !== before }).toEqual({ name, changed: true });
        texts.set(patch.file, after);
      }
    }
  });

  test("names are distinct, tests exist, and every defect has somebody who must say so", () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { suite = [] } of all) for (const { file } of suite) expect(existsSync(join(ROOT, file))).toBe(true);
    for (const { name, verify, audit, suite = [] } of MUTANTS) {
      const caught = verify.exit !== 0 || audit.exit !== 0 || suite.length > 0;
      expect({ name, caught }).toEqual({ name, caught: name !== "control" });
    }
  });
});

test("a patch whose text is gone, or there twice, is refused", () => {
  const patch = { file: "x.ts", find: "a", replace: "b" };
  expect(applyPatch("ca", patch)).toBe("cb");
  for (const text of ["c", "aa"]) expect(() => applyPatch(text, patch)).toThrow(AnchorError);
});

test("an answer is compared in full: figures that are not named must be zero", () => {
  const expected = { exit: 1, figures: { missing: 1, letters: "+" as const } };
  expect(mismatch(expected, { exit: 1, figures: { missing: 1, letters: 7 } })).toBeUndefined();
  for (const figures of [{ missing: 1 }, { missing: 2, letters: 1 }, { missing: 1, letters: 1, surplus: 1 }] as Record<
    string,
    number
  >[]) {
    expect(mismatch(expected, { exit: 1, figures })).toBeDefined();
  }
  expect(mismatch(expected, { exit: 0, figures: { missing: 1, letters: 1 } })).toContain("exit 0");
});
