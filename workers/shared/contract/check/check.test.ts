import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { MISTAKE_CODES, renderMistake } from "../mistake.ts";
import { SHIPPED_FILES } from "../shipped.ts";
import type { MistakeCase } from "../testing/mistakes/case.ts";
import { MISTAKE_CASES } from "../testing/mistakes.ts";
import { checkContract } from "./check.ts";

test("the shipped files have no mistake", () => {
  expect(checkContract(SHIPPED_FILES)).toMatchObject({ ok: true });
});

/** The files without marks, and where the marks stood. */
function unmarked(files: MistakeCase["files"]) {
  const places: { file: string; line: number; column: number }[] = [];
  const plain = Object.entries(files).map(([name, text]) => {
    const parts = text.split("▸");
    for (let i = 1; i < parts.length; i++) {
      const before = parts.slice(0, i).join("").split("\n");
      places.push({ file: name, line: before.length, column: (before.at(-1) ?? "").length + 1 });
    }
    return { name, text: parts.join("") };
  });
  return { plain, places };
}

describe("each mistake is named with its place and what to do", () => {
  test.each(MISTAKE_CASES.map((one) => [one.what, one] as const))("%s", (_, { files, expected }) => {
    const { plain, places } = unmarked(files);
    const checked = checkContract(plain);
    const found = checked.ok ? [] : checked.mistakes;
    expect(found.map(({ code, file, line, column }) => ({ code, file, line, column }))).toEqual(
      expected.map(({ code }, i) => ({ code, ...places[i] }) as never),
    );
    for (const [i, { says, next }] of expected.entries()) {
      expect(found[i]?.message).toContain(says);
      expect(found[i]?.next).toContain(next);
    }
  });
});

test("every code has a case", () => {
  const tested = new Set(MISTAKE_CASES.flatMap(({ expected }) => expected.map(({ code }) => code)));
  expect(MISTAKE_CODES.filter((code) => !tested.has(code))).toEqual(["UNREADABLE"]);
});

test("no file at all is a mistake", () => {
  expect(checkContract([])).toMatchObject({ ok: false, mistakes: [{ code: "EMPTY", file: ".", line: 1 }] });
});

test("a mistake is shown with its place, its path, its code and below it what to do", () => {
  const checked = checkContract([
    { name: "shop.yaml", text: "apiVersion: countinghouse/v1\nsource: shop\ntyps: {}\ntypes: {a: {}}\n" },
  ]);
  expect(checked.ok ? [] : checked.mistakes.map((mistake) => renderMistake(mistake, "mine/"))).toEqual([
    "mine/shop.yaml:3:1: typs is no key here [UNKNOWN_KEY]\n  next: did you mean types?",
  ]);
});

test("the reference's example is right", async () => {
  const page = await Bun.file(join(import.meta.dir, "../../../../docs/contract.md")).text();
  const [, text = ""] = /^```yaml\n([\s\S]*?)^```$/m.exec(page) ?? [];
  expect(text).toContain("source: shop");
  expect(checkContract([{ name: "shop.yaml", text }])).toMatchObject({ ok: true });
});
