import { expect, test } from "bun:test";
import { EXPECTED_SCHEMA } from "../../workers/shared/clickhouse/rules/schema-rules.ts";
import { createTestDatabase, useStack } from "../testkit/index.ts";
import { describeSchema } from "./schema-description.ts";

test("expected.json is what the migrations create; `make generate` writes it anew", async () => {
  const db = await createTestDatabase((await useStack()).clickhouse);
  try {
    expect(await describeSchema(db.clickhouse)).toEqual(EXPECTED_SCHEMA);
  } finally {
    await db.drop();
  }
});
