import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { schemaObjects } from "../../workers/shared/clickhouse/metrics/objects.ts";
import { EXPECTED_SCHEMA } from "../../workers/shared/clickhouse/rules/schema-rules.ts";
import { shippedContract } from "../../workers/shared/contract/shipped-contract.ts";
import { createTestDatabase, type TestDatabase, useStack } from "../testkit/index.ts";
import { describeSchema } from "./schema-description.ts";
import { describeColumns, publicViews, VIEWS_PAGE, viewsPage } from "./view-docs.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase((await useStack()).clickhouse);
}, 60_000);
afterAll(() => db.drop());

test("expected.json is what the migrations create, whatever the contract; `make generate` writes it anew", async () => {
  expect(await describeSchema(db.clickhouse)).toEqual(EXPECTED_SCHEMA);
});

test("docs/sql.md lists every view, those of single metrics apart", () => {
  const contract = shippedContract();
  const objects = schemaObjects(contract);
  const ofMetrics = contract.metrics.flatMap(({ key }) => [`${key}_per_minute`, `${key}_per_hour`]);
  const views = objects.filter(({ kind }) => kind === "view").map(({ name }) => name);
  const listed = publicViews().map(({ name }) => name);
  expect(views.filter((name) => !listed.includes(name) && !ofMetrics.includes(name))).toEqual([]);
  expect(listed.filter((listedName) => !objects.some(({ name }) => name === listedName))).toEqual([]);
});

test("every column of a public view says what it means", async () => {
  const columns = await describeColumns(db.clickhouse);
  expect(new Set(columns.map(({ table }) => table))).toEqual(new Set(publicViews().map(({ name }) => name)));
  expect(columns.filter(({ comment }) => comment === "").map(({ table, name }) => `${table}.${name}`)).toEqual([]);
});

test("the page of the views' columns is what the migrations create; `make generate` writes it anew", async () => {
  const page = readFileSync(join(import.meta.dir, "../..", VIEWS_PAGE), "utf8");
  expect(page).toBe(viewsPage(await describeColumns(db.clickhouse)));
});
