import { expect, test } from "bun:test";
import { createKeyCheck, presentedKey } from "./api-keys.ts";

test("a key is found by all of it and nothing else; the answer is its number", () => {
  const check = createKeyCheck(["first-key", "second-key", "ключ"]);
  expect([check("first-key"), check("second-key"), check("ключ")]).toEqual([0, 1, 2]);
  for (const wrong of [
    undefined,
    "",
    "first-ke",
    "first-key ",
    "FIRST-KEY",
    "first-keysecond-key",
    "\u0000first-key",
  ]) {
    expect(check(wrong)).toBeUndefined();
  }
  expect(createKeyCheck([])("")).toBeUndefined();
});

test("a key is taken from its headers, never from elsewhere", () => {
  const key = (headers: Record<string, string>) => presentedKey(new Headers(headers));
  expect(key({ authorization: "Bearer abc" })).toBe("abc");
  expect(key({ "x-api-key": "abc" })).toBe("abc");
  expect(key({ authorization: "Basic YTpi", cookie: "key=abc" })).toBeUndefined();
});
