import { expect, test } from "bun:test";
import { bearerToken } from "../../shared/runtime/api-keys.ts";
import { createSessions, createTokenCheck } from "./tokens.ts";

const TOKEN = "a token of sufficient length";

test("only the token itself passes", () => {
  const check = createTokenCheck(TOKEN);
  expect(check(TOKEN)).toBe(true);
  for (const wrong of [undefined, "", TOKEN.slice(0, -1), `${TOKEN} `, TOKEN.toUpperCase()]) {
    expect(check(wrong)).toBe(false);
  }
  expect(createTokenCheck(undefined)(undefined)).toBe(false);
  expect(createTokenCheck(undefined)("")).toBe(false);
});

test("a bearer token is read from its header only", () => {
  expect(bearerToken(new Headers({ authorization: "bearer  abc" }))).toBe("abc");
  expect(bearerToken(new Headers({ authorization: "Basic abc" }))).toBeUndefined();
  expect(bearerToken(new Headers())).toBeUndefined();
});

test("a session lasts until it expires and depends on the token", () => {
  let now = 1_000_000;
  const clock = { now: () => now };
  const sessions = createSessions(TOKEN, clock);
  const { value, maxAgeSeconds } = sessions.issue();
  expect(sessions.check(value)).toBe(true);
  expect(createSessions("another token, also long", clock).check(value)).toBe(false);
  const [expiry = "", signature = ""] = value.split(".");
  expect(sessions.check(`${Number(expiry) + 1}.${signature}`)).toBe(false);
  expect(sessions.check(`${expiry}.${signature.replace(/^./, (c) => (c === "A" ? "B" : "A"))}`)).toBe(false);
  for (const wrong of [undefined, "", ".", expiry, `${expiry}.`]) expect(sessions.check(wrong)).toBe(false);
  now += maxAgeSeconds * 1_000;
  expect(sessions.check(value)).toBe(false);
  const none = createSessions(undefined, clock);
  expect(none.check(none.issue().value)).toBe(false);
});
