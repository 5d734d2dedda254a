import { expect, test } from "bun:test";
import fc from "fast-check";
import { forEachRawField } from "./raw-fields.ts";

function rawFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  forEachRawField(text, (key, raw) => fields.set(key, raw));
  return fields;
}

test("the raw text of each field is the JSON of its value, whatever the white space and keys", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.oneof(fc.string(), fc.string({ unit: "binary" })), fc.jsonValue()), { maxLength: 6 }),
      fc.constantFrom("", " ", "\n\t ", "\r\n"),
      (entries, space) => {
        const fields = entries.map(
          ([key, value]) => `${JSON.stringify(key)}${space}:${space}${JSON.stringify(value, null, space)}`,
        );
        const text = `${space}{${space}${fields.join(`${space},${space}`)}${space}}${space}`;
        const wanted = new Map(entries.map(([key, value]) => [key, JSON.stringify(value, null, space)]));
        expect(rawFields(text)).toEqual(wanted);
      },
    ),
    { numRuns: 2000 },
  );
});

test("keeps numbers as they are written, finds escaped keys and the last of two", () => {
  const text = String.raw`{"big":12345678901234567890,"a\u0062c":1e400,"q\"\\":"\\\"}]","big":-0.10}`;
  expect(rawFields(text)).toEqual(
    new Map([
      ["big", "-0.10"],
      ["abc", "1e400"],
      ['q"\\', String.raw`"\\\"}]"`],
    ]),
  );
});
