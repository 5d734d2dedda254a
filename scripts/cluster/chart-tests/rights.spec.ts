import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { schemaObjects } from "../../../workers/shared/clickhouse/metrics/objects.ts";
import { shippedContract } from "../../../workers/shared/contract/shipped-contract.ts";
import { rightsFindings } from "../../testkit/roles/rights.ts";
import { rolesOf, shippedUsers } from "../../testkit/roles/users-config.ts";

const ROOT = join(import.meta.dir, "../../..");

test("the users' grants are those that each role needs, and no more", () => {
  expect(rightsFindings(shippedUsers())).toEqual([]);
});

test("every role has a Secret: for the server, and among the chart's values", () => {
  const server = readFileSync(join(ROOT, "k8s/clickhouse/clickhouse.yaml"), "utf8");
  const start = readFileSync(join(ROOT, "k8s/clickhouse/start.sh"), "utf8");
  const values = readFileSync(join(ROOT, "charts/countinghouse/values.yaml"), "utf8");
  for (const role of rolesOf(shippedUsers())) {
    expect(start).toMatch(new RegExp(`^for role in .*\\b${role.toUpperCase()}\\b`, "m"));
    expect(server).toContain(`name: CLICKHOUSE_${role.toUpperCase()}_PASSWORD`);
    expect(server).toContain(`secretKeyRef: { name: clickhouse-${role}, key: password }`);
    expect(values).toContain(`secret: clickhouse-${role}\n`);
  }
});

test("every view says with whose rights it runs", () => {
  const without = schemaObjects(shippedContract())
    .filter(({ kind }) => kind !== "table")
    .filter(({ kind, sql }) => {
      const wanted = kind === "view" ? /^SQL SECURITY INVOKER/m : /^DEFINER = \{owner\} SQL SECURITY DEFINER/m;
      return !wanted.test(sql);
    });
  expect(without.map(({ name }) => name)).toEqual([]);
});
