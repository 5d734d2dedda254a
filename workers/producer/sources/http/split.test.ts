import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { looksLikeNdjson, splitBody } from "./split.ts";

const split = (text: string, kind: "json" | "ndjson" = "json") => {
  const result = splitBody(Buffer.from(text), kind, 10_000);
  return result.ok ? result.events.map(String) : result.detail;
};

describe("splitting a body", () => {
  test("keeps the text of each event", () => {
    expect(split(' {"a":1.10}\n')).toEqual(['{"a":1.10}']);
    expect(split('[ {"a":"]},[\\""} , 2,[3,{}] ]')).toEqual(['{"a":"]},[\\""}', "2", "[3,{}]"]);
    expect(split('{"a":1}\r\n\n {"b":2} ', "ndjson")).toEqual(['{"a":1}', '{"b":2}']);
  });

  test("names what is wrong with the whole", () => {
    expect(split("  ")).toBe("the body is empty");
    expect(split("\n\n", "ndjson")).toBe("the body has no events");
    expect(split("[ ]")).toBe("the array is empty");
    expect(split('[{"a":1}')).toBe("the JSON array does not end");
    expect(split('[{"a":"]')).toBe("the JSON array does not end");
    expect(split("[1] 2")).toBe("there is something after the JSON array");
  });

  test("glued lines under NDJSON's content type", () => {
    expect(split('{"a":"}"}{"b":2}', "ndjson")).toContain("--data-binary @file");
  });

  test("an empty part is judged like any other", () => {
    expect(split("[1,]")).toEqual(["1", ""]);
    expect(split("[,1]")).toEqual(["", "1"]);
  });

  test("arrays and lines of any JSON come apart as they were put together", () => {
    fc.assert(
      fc.property(fc.array(fc.json(), { minLength: 1 }), fc.constantFrom("", " ", "\n\t"), (parts, space) => {
        expect(split(`[${parts.join(`${space},${space}`)}]`)).toEqual(parts);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.json(), { minLength: 1 }), (parts) => {
        expect(split(parts.join("\n"), "ndjson")).toEqual(parts);
      }),
    );
  });

  test("any bytes get an answer", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom<"json" | "ndjson">("json", "ndjson"), (bytes, kind) => {
        splitBody(Buffer.from(bytes), kind, 100);
        looksLikeNdjson(Buffer.from(bytes));
      }),
    );
  });

  test("ends at the first event too many", () => {
    const tooMany = { ok: false, detail: "more than 3 events", tooMany: true } as const;
    expect(splitBody(Buffer.from(`[${"1,".repeat(2_000_000)}1`), "json", 3)).toEqual(tooMany);
    expect(splitBody(Buffer.from("1\n".repeat(2_000_000)), "ndjson", 3)).toEqual(tooMany);
    expect(splitBody(Buffer.from("[1,2,3]"), "json", 3)).toMatchObject({ ok: true });
    expect(splitBody(Buffer.from("1\n2\n3\n"), "ndjson", 3)).toMatchObject({ ok: true });
  });

  test("takes time in proportion to the body, whatever is in it", () => {
    // Each of these took hours when every line end was looked at from its own white space.
    for (const piece of ["\n", " \n", "\r\n", "{\n", "}\n", "}\n ", '"\n', "[\n", "\\"]) {
      const body = Buffer.from(`{${piece.repeat(4_000_000 / piece.length)}`);
      expect(looksLikeNdjson(body)).toBe(false);
      splitBody(body, "json", 1_000);
      splitBody(body, "ndjson", 1_000);
    }
  }, 60_000);

  test("detects NDJSON by an object that ends at a line end and another that follows", () => {
    const detect = (text: string) => looksLikeNdjson(Buffer.from(text));
    expect(detect('{"a":1}\n{"b":2}')).toBe(true);
    expect(detect('{"a":1} \r\n\r\n {"b":2}\n')).toBe(true);
    expect(detect('{"a":\n{"b":2}}')).toBe(false);
    expect(detect('{"a":1}\n')).toBe(false);
    expect(detect('[{"a":1}\n,{"b":2}]')).toBe(false);
  });
});
