/**
 * The schema of a replicated store. The embedded engine has no Keeper and no other replica, so it cannot run these statements:
 * it parses them, and that is all this shows.
 */
import { beforeAll, expect, test } from "bun:test";
import { uniqueName, useStack } from "../../../scripts/testkit/index.ts";
import { shippedContract } from "../contract/shipped-contract.ts";
import { type ClickHouse, createClickHouse } from "./client.ts";
import { schemaObjects } from "./metrics/objects.ts";
import { createDatabaseStatement, schemaStatements } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";
import { quoteText } from "./quote.ts";
import schemaMigrations from "./schema/schema_migrations.sql" with { type: "text" };
import schemaViews from "./schema/schema_views.sql" with { type: "text" };

const OBJECTS = schemaObjects(shippedContract());
const OWNER = { owner: "countinghouse_migrate" };
const files = [schemaMigrations, schemaViews, ...OBJECTS.map(({ sql }) => sql), ...MIGRATIONS.map(({ sql }) => sql)];
const statements = files.flatMap((sql) => schemaStatements(sql, { ...OWNER, isReplicated: true }));
const singles = files.flatMap((sql) => schemaStatements(sql, { ...OWNER, isReplicated: false }));

let clickhouse: ClickHouse;
beforeAll(async () => {
  const { url, user, password } = (await useStack()).clickhouse;
  clickhouse = createClickHouse({
    CLICKHOUSE_URL: url,
    CLICKHOUSE_USER: user,
    CLICKHOUSE_PASSWORD: password,
    CLICKHOUSE_DATABASE: "default",
    CLICKHOUSE_TIMEOUT_MS: 60_000,
  });
}, 60_000);

/** The engine's own reading of statements. */
const parsed = async (sql: readonly string[]) => {
  const [row] = await clickhouse.query<{ texts: string[] }>(
    `SELECT arrayMap(statement -> formatQuery(statement), [${sql.map(quoteText).join(", ")}]) AS texts`,
  );
  return row?.texts ?? [];
};

test("each table is replicated, and nothing else of the schema differs", async () => {
  expect(statements).toHaveLength(singles.length);
  const texts = await parsed(statements);
  expect(texts.map((text) => text.replace(/ENGINE = Replicated/, "ENGINE = "))).toEqual(await parsed(singles));
  const engines = texts.flatMap((text) => /^ENGINE = (\w+)/m.exec(text)?.slice(1) ?? []);
  expect(engines).toHaveLength(OBJECTS.filter(({ kind }) => kind === "table").length + 2);
  for (const engine of engines) expect(engine).toMatch(/^Replicated(Replacing|Aggregating)?MergeTree$/);
}, 60_000);

test("a mistake in a statement is noticed by the parser", async () => {
  const [first = ""] = statements;
  await expect(parsed([first.replace("ENGINE =", "ENGIN =")]).catch(() => "refused")).resolves.toBe("refused");
});

test("the database is made on every replica, and each knows itself by its macros", async () => {
  const database = uniqueName("my-db");
  expect((await parsed([createDatabaseStatement(database, "prod-1")]))[0]?.replaceAll(/\s+/g, " ")).toBe(
    `CREATE DATABASE IF NOT EXISTS \`${database}\` ON CLUSTER \`prod-1\` ENGINE = Replicated('/clickhouse/databases/${database}', '{shard}', '{replica}')`,
  );
  expect(createDatabaseStatement("countinghouse")).toBe("CREATE DATABASE IF NOT EXISTS `countinghouse`");
});
