import { expect, test } from "bun:test";
import { type ActualObject, type ExpectedSchema, schemaFindings } from "./schema-rules.ts";

const SCHEMA: ExpectedSchema = {
  counts: {
    engine: "ReplacingMergeTree",
    sorting_key: "source, minute",
    columns: { source: "String", minute: "DateTime" },
  },
};

const findings = (changes: Partial<ActualObject>) =>
  schemaFindings(
    [
      {
        name: "counts",
        engine: "ReplacingMergeTree",
        partitionKey: "",
        sortingKey: "source, minute",
        insertViews: [],
        columns: new Map(Object.entries(SCHEMA.counts?.columns ?? {})),
        ...changes,
      },
    ],
    ["counts"],
    SCHEMA,
  );

test("a table as it should be, also replicated or with columns and a sorting key of a newer version, has no findings", () => {
  expect(findings({})).toEqual([]);
  expect(findings({ engine: "ReplicatedReplacingMergeTree" })).toEqual([]);
  const columns = new Map([...Object.entries(SCHEMA.counts?.columns ?? {}), ["dims", "String"] as const]);
  expect(findings({ sortingKey: "source, minute, dims", columns })).toEqual([]);
});

test("a sorting key that a migration extends needs the migration, any other another table", () => {
  expect(findings({ sortingKey: "source" })).toMatchObject([{ code: "TABLE_DIFFERS", next: "run `ops migrate`" }]);
  for (const sortingKey of ["minute", "source, minutes", "minute, source", "sourc", ""]) {
    expect(findings({ sortingKey })).toMatchObject([
      { code: "TABLE_DIFFERS", next: expect.stringContaining("create the table anew") },
    ]);
  }
});

test("a missing column is the migrations' to add: by hand, it could not become part of a sorting key", () => {
  expect(findings({ columns: new Map([["source", "String"]]) })).toMatchObject([
    { next: "run `ops migrate`; if it is still missing, ALTER TABLE counts ADD COLUMN minute DateTime" },
  ]);
});
