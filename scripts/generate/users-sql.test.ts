import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { grantsOf, rolesOf, shippedUsers, userOf } from "../testkit/roles/users-config.ts";
import { usersSql } from "./users-sql.ts";

const shipped = shippedUsers();
const sql = readFileSync(join(import.meta.dir, "../../k8s/clickhouse/users.sql"), "utf8");
const statements = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("--"));
const starting = (words: string) => statements(sql).filter((line) => line.startsWith(words));

test("users.sql grants each role what users.d grants it, and nothing else", () => {
  const wanted = rolesOf(shipped).flatMap((role) => grantsOf(shipped, role).map((g) => `${g} TO ${userOf(role)};`));
  expect(wanted).toHaveLength(shipped.split("<query>").length - 1);
  expect(starting("GRANT ").sort()).toEqual(wanted.sort());
});

test("besides grants it has the users, profiles and quotas of users.d, and no password", () => {
  const names = (words: string) => starting(words).map((line) => line.slice(words.length).split(" ")[0]);
  const users = [...shipped.matchAll(/<(countinghouse_\w+)>\s*<password/g)].map(([, name = ""]) => name);
  const made = (kind: string) => {
    const [, section = ""] = new RegExp(`<${kind}>([\\s\\S]*)</${kind}>`).exec(shipped) ?? [];
    return [...section.matchAll(/<(countinghouse_\w+)>/g)].map(([, name = ""]) => name);
  };
  expect(names("CREATE USER IF NOT EXISTS ")).toEqual(users);
  expect(names("CREATE SETTINGS PROFILE IF NOT EXISTS ")).toEqual(made("profiles"));
  expect(names("CREATE QUOTA IF NOT EXISTS ")).toEqual(made("quotas"));
  const { length } = [...users, ...made("profiles"), ...made("quotas"), ...starting("GRANT ")];
  expect(statements(sql)).toHaveLength(length);
  for (const user of starting("CREATE USER ")) expect(user).toMatch(/ IDENTIFIED BY \{[a-z]+_password:String\}( |;)/);
});

test("users have the limits of users.d", () => {
  expect(starting("CREATE USER IF NOT EXISTS countinghouse_resolve ")).toEqual([
    "CREATE USER IF NOT EXISTS countinghouse_resolve IDENTIFIED BY {resolve_password:String} SETTINGS PROFILE 'countinghouse_operate';",
  ]);
  expect(starting("CREATE SETTINGS PROFILE IF NOT EXISTS countinghouse_read ").join()).toContain("readonly = 2");
  const [quota] = starting("CREATE QUOTA IF NOT EXISTS countinghouse_read ");
  expect(quota).toContain("INTERVAL 60 SECOND MAX queries = 12000, errors = 1200, execution_time = 600 TO ");
  expect(quota).toEndWith(" TO countinghouse_read, countinghouse_operate, countinghouse_resolve;");
});

test("the sed of the header changes the database in every grant", () => {
  const [, from = "", to = ""] = /sed 's\/(.*)\/(.*)\/'/.exec(sql) ?? [];
  const other = sql.replaceAll(new RegExp(`${from}(?=.*;$)`, "gm"), to);
  expect(statements(other).join("\n")).not.toContain("countinghouse.");
  expect(other.split("`my-db`.").length).toBeGreaterThan(shipped.split("ON countinghouse.").length);
});

test.each([
  ["a constraint", "<readonly>2</readonly>", "<constraints><readonly><const/></readonly></constraints>"],
  ["a second interval", "</interval>", "</interval><interval><duration>1</duration></interval>"],
  ["a user of one network", "<ip>::/0</ip>", "<ip>10.0.0.0/8</ip>"],
])("%s is not left out in silence", (_, from, to) => {
  expect(shipped).toContain(from);
  expect(() => usersSql(shipped.replace(from, to))).toThrow();
});
