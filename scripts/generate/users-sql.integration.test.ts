import { expect, test } from "bun:test";
import { splitStatements } from "../../workers/shared/clickhouse/migrate.ts";
import { createTestDatabase, useStack } from "../testkit/index.ts";
import { shippedUsers } from "../testkit/roles/users-config.ts";
import { usersSql } from "./users-sql.ts";

// The embedded engine keeps no users made with SQL, so it is only asked whether it understands the statements.
test("the engine's parser takes every statement of users.sql", async () => {
  const db = await createTestDatabase((await useStack()).clickhouse);
  try {
    for (const statement of splitStatements(usersSql(shippedUsers()))) {
      const formatted = db.clickhouse.query<{ text: string }>(
        "SELECT formatQuerySingleLine({statement:String}) AS text",
        {
          params: { statement },
        },
      );
      expect((await formatted)[0]?.text).toMatch(/^(CREATE|GRANT) /);
    }
  } finally {
    await db.drop();
  }
});
