import { expect, test } from "bun:test";
import { AppError } from "../../shared/runtime/errors.ts";
import { type Check, exitCodeOf, type Outcome, runChecks } from "./check.ts";
import { ROLES } from "./roles.ts";
import { ownerFindings, refreshFindings } from "./views.ts";

const check = (name: string, outcome: Outcome, needs: string[] = []): Check => ({
  name,
  needs,
  run: async () => outcome,
});
const run = (...checks: Check[]) => runChecks(checks, () => undefined);
const finding = (severity: "wrong" | "warning") => ({ code: "X", severity, found: "x", next: "y" });
const right: Outcome = { found: "fine", findings: [] };

test("what needs a broken check is unknown, and so is what needs that", async () => {
  const rows = await run(
    check("a", { broken: finding("wrong") }),
    check("b", right, ["a"]),
    check("c", right, ["b"]),
    check("d", right),
  );
  expect(rows.map(({ status }) => status)).toEqual(["wrong", "unchecked", "unchecked", "right"]);
});

test("the exit code: wrong before unknown, warnings and skipped ones do not count", async () => {
  const unknown: Outcome = { unchecked: "?", code: "X", next: "y" };
  expect(exitCodeOf(await run(check("a", right), check("b", { skipped: "" })))).toBe(0);
  expect(exitCodeOf(await run(check("a", { found: "", findings: [finding("warning")] })))).toBe(0);
  expect(exitCodeOf(await run(check("a", unknown)))).toBe(3);
  expect(exitCodeOf(await run(check("a", unknown), check("b", { found: "", findings: [finding("wrong")] })))).toBe(1);
});

test("a failure inside a check makes it unknown; a bug is thrown on", async () => {
  const failing = (error: Error): Check => ({ name: "a", run: () => Promise.reject(error) });
  const [row] = await run(failing(new AppError("CLICKHOUSE_241", "memory", { retry: true })));
  expect(row).toMatchObject({ status: "unchecked", code: "CLICKHOUSE_241" });
  await expect(run(failing(new TypeError("bug")))).rejects.toThrow(TypeError);
});

test("the roles and their rights are those of the users file that is shipped", () => {
  const needsOf = (role: string) => ROLES.find(({ name }) => name === role)?.needs ?? [];
  for (const role of ["insert", "read", "operate", "lake", "migrate"]) expect(needsOf(role)).not.toEqual([]);
  expect(needsOf("insert")).toContain("INSERT ON {database}.events_raw");
  expect(needsOf("migrate")).toContain("ALL ON {database}.*");
});

test("an owner is judged by name where users may be read, and left to inserts and refreshes where not", () => {
  const view = { name: "v", definer: "gone", none: 0 };
  expect(ownerFindings(view, new Set(["here"])).map(({ code }) => code)).toEqual(["DEFINER_MISSING"]);
  expect(ownerFindings(view, undefined)).toEqual([]);
  expect(ownerFindings({ ...view, definer: "", none: 1 }, undefined).map(({ code }) => code)).toEqual([
    "VIEW_WITHOUT_OWNER",
  ]);
});

test("a refresh that rests for a minute is stale, one that runs is not; a missing owner is called so", () => {
  const row = { database: "d", view: "v", status: "Scheduled", exception: "", age: 2 };
  const codes = (changes: Partial<typeof row>) => refreshFindings("v", { ...row, ...changes }).map(({ code }) => code);
  expect(codes({})).toEqual([]);
  expect(codes({ age: 61 })).toEqual(["VIEW_REFRESH_STALE"]);
  expect(codes({ age: 61, status: "Running" })).toEqual([]);
  expect(codes({ status: "Disabled", exception: "Code: 394. DB::Exception: cancelled" })).toEqual([
    "VIEW_REFRESH_STOPPED",
  ]);
  expect(codes({ exception: "Code: 192. DB::Exception: There is no user `x`" })).toEqual(["DEFINER_MISSING"]);
});
