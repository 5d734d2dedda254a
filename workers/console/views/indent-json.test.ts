import { expect, test } from "bun:test";
import fc from "fast-check";
import { indentJson } from "./indent-json.ts";

test("numbers keep their digits, and a key that occurs twice is shown twice", () => {
  const payload =
    '{"element":"a","order":73314510714175489,"price":0.10,"huge":1e400,"k":1,"k":2,"none":{ },"list":[1,[]]}';
  expect(indentJson(payload).split("\n")).toEqual([
    "{",
    '  "element": "a",',
    '  "order": 73314510714175489,',
    '  "price": 0.10,',
    '  "huge": 1e400,',
    '  "k": 1,',
    '  "k": 2,',
    '  "none": { },',
    '  "list": [',
    "    1,",
    "    []",
    "  ]",
    "}",
  ]);
});

test("strings stay as they are written", () => {
  expect(indentJson('{"a\\u0020:":"{\\"x\\":[1, 2]}\\ud83d  "}')).toBe(
    '{\n  "a\\u0020:": "{\\"x\\":[1, 2]}\\ud83d  "\n}',
  );
});

test("what is no JSON stays as it is", () => {
  for (const text of ["", "no", '{"a":1', "\uFEFF{}", "{} {}"]) expect(indentJson(text)).toBe(text);
});

test("only white space between tokens changes, for any JSON", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const shown = indentJson(text);
      // Strings hold no line break, so that joining the lines without their indentation gives the text back.
      const flat = shown
        .split("\n")
        .map((line) => line.trimStart())
        .join("");
      expect(JSON.stringify(JSON.parse(shown))).toBe(JSON.stringify(JSON.parse(text)));
      expect(indentJson(flat)).toBe(shown);
    }),
  );
});

test("a string of millions of characters is shown whole", () => {
  for (const part of ["x", "\\n", 'a\\"', "\\\\"]) {
    const text = `["${part.repeat(2_000_000)}"]`;
    expect(indentJson(text).length).toBe(text.length + 4);
  }
});

test("as much nesting as an event may have is shown in proportion to its size", () => {
  const text = `${"[".repeat(5_000)}1${"]".repeat(5_000)}`;
  expect(indentJson(text).length).toBeLessThan(text.length + 10_000);
});
