import { expect, test } from "bun:test";
import { serverEnv } from "./server-env.ts";
import { rolesOf, shippedUsers } from "./users-config.ts";

const PRINTABLE = `${String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i))}äß€😀 `;
const variables = rolesOf(shippedUsers()).map((role) => `CLICKHOUSE_${role.toUpperCase()}_PASSWORD`);
const all = (value: string) => Object.fromEntries(variables.map((name) => [name, value]));
/** What an XML parser makes of text without elements. */
const parsed = (xml: string) => {
  expect(xml).not.toMatch(/[<>]|&(?!(amp|lt|gt);)/);
  return xml.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
};

test.each(["", "\n", "\r\n", "\n\n"])(
  "the server gets every special character, without the end %j of a Secret",
  (end) => {
    const env = serverEnv(all(PRINTABLE + end));
    expect(Object.keys(env).sort()).toEqual(variables.toSorted());
    for (const name of variables) expect(parsed(env[name] ?? "")).toBe(PRINTABLE);
  },
);

test("a password that is missing or empty is named, in one line, and the server not started", () => {
  const { CLICKHOUSE_LAKE_PASSWORD: _, ...others } = all("x");
  for (const env of [others, { ...others, CLICKHOUSE_LAKE_PASSWORD: "\n" }]) {
    expect(() => serverEnv(env)).toThrow(/^CLICKHOUSE_LAKE_PASSWORD is not set, or empty: .*[^\n]$/);
  }
});
