/**
 * The compiled workers on a server that is set up otherwise, a dashed database and none called `default`, and `ops doctor`
 * as each role of the shipped users file: nothing is named where all is well, and what was planted is.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Row } from "../../workers/ops/doctor/check.ts";
import { type Examination, examine } from "../../workers/ops/doctor/testing/fixture.ts";
import { type DefaultlessFront, startWithoutDefault } from "../testkit/proxies/without-default.ts";
import { consoleReads } from "../testkit/roles/console-visit.ts";
import { DEDUPLICATION_WINDOW } from "../testkit/roles/other-servers.ts";
import { done, RolePipeline } from "../testkit/roles/role-pipeline.ts";
import type { RoleOptions } from "../testkit/roles/role-store.ts";
import { rolesOf, shippedUsers } from "../testkit/roles/users-config.ts";

const DATABASE = "counting-house-2";
const ROLES = rolesOf(shippedUsers());

let pipeline: RolePipeline;
let front: DefaultlessFront;
beforeAll(async () => {
  pipeline = await RolePipeline.start({ database: DATABASE });
  front = startWithoutDefault(`http://127.0.0.1:${pipeline.store.port}`);
  pipeline.clickhouseUrl = front.url;
}, 180_000);
afterAll(async () => {
  await front?.stop();
  await pipeline?.stop();
}, 60_000);

/** The lines of `ops doctor` for a role, and how it ended. */
async function examineAs(role: string, changes: RoleOptions = {}): Promise<Examination> {
  await pipeline.store.as(role, changes);
  return examine(pipeline.env);
}

const named = (rows: readonly Row[]) =>
  rows.flatMap(({ status, code, found }) => (status === "right" || status === "skipped" ? [] : [`${code}: ${found}`]));

describe("a database with a dash, on a server without one called default", () => {
  test("migrate, consume, verify, audit and the console", async () => {
    expect(await pipeline.migrate()).toEqual(done(`(${DATABASE})`));
    const simulated = "simulate --rate 200 --seconds 2 --seed 1 --malformed-share 0.02 --drain-held now";
    expect(await pipeline.run("producer", simulated.split(" "))).toMatchObject({ code: 0 });
    await pipeline.consume();
    await pipeline.expectExact();
    await consoleReads(pipeline);
  }, 300_000);
});

/**
 * A right of each role whose loss leaves it the rest of its work, and what it has instead. None on `system` tables: the
 * embedded engine does not ask for those.
 */
const LOST: Readonly<Record<string, readonly [right: string, left?: string]>> = {
  insert: ["INSERT ON countinghouse.events_raw"],
  read: ["SELECT ON countinghouse.*", "SELECT ON countinghouse.events"],
  operate: ["INSERT ON countinghouse.verification_runs"],
  resolve: ["ALTER DELETE ON countinghouse.events_raw"],
  lake: ["SELECT ON countinghouse.events"],
  restore: ["INSERT ON countinghouse.lake_runs"],
  migrate: ["ALL ON countinghouse.*", "SELECT ON countinghouse.*"],
};
const grant = (right?: string) => (right === undefined ? "" : `<query>GRANT ${right}</query>`);
const without = (right: string, left?: string) => (users: string) => {
  expect(users).toContain(grant(right));
  return users.replace(grant(right), grant(left));
};
const here = (right: string) => right.replace("countinghouse.", `\`${DATABASE}\`.`);

const readonly = { readonly: 1 };
const fixed = (role: string): RoleOptions => ({
  planted: { [role]: { async_insert: 1 } },
  constant: { [role]: ["async_insert"] },
});

describe("ops doctor, by the role it logs in as", () => {
  test.each(ROLES)(
    "%s: nothing where all is well",
    async (role) => {
      const { code, rows } = await examineAs(role);
      expect(named(rows)).toEqual([]);
      expect(rows.find(({ check }) => check === "rights")?.found).toContain(`may act as ${role}`);
      expect(code).toBe(0);
    },
    60_000,
  );

  test.each(ROLES)(
    "%s: a missing grant",
    async (role) => {
      const [right, left] = LOST[role] ?? [""];
      const { code, rows } = await examineAs(role, { mutate: without(right, left) });
      const lacks = `countinghouse_${role} lacks ${here(right)}, which the role ${role} needs`;
      expect(named(rows)).toContain(`GRANT_MISSING: ${lacks}`);
      expect(code).toBe(1);
    },
    60_000,
  );

  test("read: no right on the database at all", async () => {
    const { code, rows } = await examineAs("read", { mutate: without("SELECT ON countinghouse.*") });
    expect(named(rows)[0]).toMatch(/^CLICKHOUSE_497: .*necessary to have the grant/);
    expect(code).toBe(1);
  }, 60_000);

  const gone = { mutate: (users: string) => users.replaceAll("countinghouse_migrate>", "countinghouse_gone>") };
  test.each(["insert", "operate"])(
    "%s: an owner that was dropped",
    async (role) => {
      const { code, rows } = await examineAs(role, gone);
      expect(named(rows)).toContainEqual(expect.stringMatching(/^DEFINER_MISSING: .*countinghouse_migrate/));
      expect(code).toBe(1);
    },
    60_000,
  );

  const PROFILES: [string, string, RoleOptions, string][] = [
    ["insert", "SETTING_CONSTRAINED", fixed("insert"), "async_insert"],
    ["operate", "SETTING_CONSTRAINED", fixed("operate"), "async_insert"],
    ["insert", "SETTING_READONLY", { planted: { insert: readonly } }, "readonly = 1"],
    ["read", "SETTING_READONLY", { planted: { read: readonly } }, "readonly = 1"],
  ];
  test.each(PROFILES)(
    "%s: %s",
    async (role, code, changes, about) => {
      const examined = await examineAs(role, changes);
      expect(named(examined.rows)).toContainEqual(expect.stringMatching(new RegExp(`^${code}: .*${about}`)));
      expect(examined.code).toBe(1);
    },
    60_000,
  );

  const WARNINGS: readonly (readonly [string, string, RoleOptions])[] = [
    ["insert", "SETTING_CHANGES_MEANING: .*join_use_nulls = 1", { planted: { insert: { join_use_nulls: 1 } } }],
    ["read", "SETTING_CHANGES_MEANING: .*final = 1", { planted: { read: { final: 1, limit: 5 } } }],
    ["operate", "INSERT_DEDUPLICATION: .*_window = 1000", DEDUPLICATION_WINDOW],
  ];
  test.each(WARNINGS)(
    "%s: %s, as a warning",
    async (role, about, changes) => {
      const { code, rows } = await examineAs(role, changes);
      expect(named(rows)).toEqual([expect.stringMatching(new RegExp(`^${about}`))]);
      expect(code).toBe(0);
    },
    60_000,
  );
});

test("the consumer refuses a profile that lets it set nothing, in the doctor's words", async () => {
  await pipeline.store.as("insert", { planted: { insert: readonly } });
  const consumer = pipeline.start("consumer");
  const { json } = await consumer.waitForLog((line) => line.json.code === "SETTING_READONLY");
  expect(json).toMatchObject({ level: "error", next: expect.stringContaining("readonly = 2") });
  expect(await consumer.kill()).toBe(0);
}, 60_000);
