import { expect, test } from "bun:test";
import { SCHEMA_OBJECTS } from "../../clickhouse/schema/objects.ts";
import { EVENTS_RAW_COLUMNS } from "../../clickhouse/tables/events-raw.ts";
import { CORE_COLUMNS, CORE_OBJECTS } from "./names.ts";

test("a view cannot take the name of anything a store has", () => {
  const core = SCHEMA_OBJECTS.map(({ name }) => name);
  expect(core.filter((name) => !CORE_OBJECTS.has(name))).toEqual([]);
});

test("a column cannot take the name of one that every row has", () => {
  const core = EVENTS_RAW_COLUMNS.filter((name) => name !== "amount" && name !== "currency");
  expect(core.filter((name) => !CORE_COLUMNS.has(name))).toEqual([]);
});
