import type { Contract } from "../contract/contract.ts";
import { shippedContract } from "../contract/shipped-contract.ts";
import { AppError } from "../runtime/errors.ts";
import type { ClickHouse } from "./client.ts";
import { schemaObjects } from "./metrics/objects.ts";
import { BASE_VERSION, MIGRATIONS, type Migration } from "./migrations.ts";
import { quoteIdentifier } from "./quote.ts";
import type { SchemaObject } from "./schema/objects.ts";
import schemaMigrations from "./schema/schema_migrations.sql" with { type: "text" };
import schemaViews from "./schema/schema_views.sql" with { type: "text" };
import { currentUser, reassertViewSecurity } from "./view-security.ts";

/** What a migration run did, by the objects' and migrations' names. */
export type MigrationReport = {
  created: string[];
  applied: string[];
  /** Views whose definition was replaced. */
  replaced: string[];
  /** Views whose owner or security was not as it should be, and is now. */
  secured: string[];
};

type AppliedRow = { version: number; name: string; checksum: string };

/**
 * Splits a schema file into statements. A statement ends with a semicolon at the end of a line; comments stay with the
 * statement they precede, as ClickHouse keeps them in neither case.
 */
export function splitStatements(sql: string): string[] {
  return sql
    .split(/;[ \t]*$/m)
    .map((part) => part.trim())
    .filter((part) => part.replace(/--.*$/gm, "").trim() !== "");
}

/** Identifies the text of a file, line endings aside. */
export function sqlChecksum(sql: string): string {
  return new Bun.CryptoHasher("sha256").update(sql.replaceAll("\r\n", "\n")).digest("hex").slice(0, 16);
}

/**
 * Compares what was applied with what this binary brings and returns what is to do. Versions this binary does not know
 * were applied by a newer one and are left alone, so that workers can be rolled back.
 * @throws AppError `MIGRATION_EDITED` when a file that was applied has another text now, `SCHEMA_TOO_OLD` when the store
 *   lacks a version that no file of this binary brings.
 */
export function planMigrations(applied: readonly AppliedRow[], migrations: readonly Migration[]): Migration[] {
  const newest = Math.max(0, ...applied.map(({ version }) => version));
  if (applied.length > 0 && newest < BASE_VERSION) {
    throw new AppError("SCHEMA_TOO_OLD", `The store has schema version ${newest}; this binary goes on from 14.`, {
      retry: false,
      next: "run `ops migrate` of the last version before this one first, or start with an empty database",
    });
  }
  const byVersion = new Map(applied.map((row) => [row.version, row]));
  return migrations.filter((migration) => {
    const row = byVersion.get(migration.version);
    if (!row) return true;
    if (row.checksum !== sqlChecksum(migration.sql)) {
      throw new AppError(
        "MIGRATION_EDITED",
        `Migration ${migration.version} (${migration.name}) was edited after it had been applied. ` +
          "Restore its text and put the change into a new file.",
        { retry: false },
      );
    }
    return false;
  });
}

/** What {@link migrate} would do, the views' owners apart. */
export type SchemaPlan = {
  /** True for an empty database: it gets the schema as it is after all migrations, and none of them is run. */
  isNew: boolean;
  /** Tables and views on inserts that are missing. */
  create: SchemaObject[];
  /** Migrations that are to be run, or on a new store only to be noted down. */
  pending: Migration[];
  /** Views that are missing or were made from another text; none where a newer binary has migrated. */
  replace: SchemaObject[];
};

/** What a store is to have: what this binary's migrations bring, and what a contract declares; by default what is shipped. */
export type WantedSchema = { migrations?: readonly Migration[]; contract?: Contract };

/**
 * Compares the store with this binary's schema and changes nothing.
 * @throws AppError as {@link planMigrations}; `NAME_TAKEN` when a table has the name of a view, whose creation would drop it.
 */
export async function planSchema(
  clickhouse: ClickHouse,
  { migrations = MIGRATIONS, contract = shippedContract() }: WantedSchema = {},
): Promise<SchemaPlan> {
  const rows = await clickhouse.query<{ name: string; engine: string }>(
    "SELECT name, engine FROM system.tables WHERE database = currentDatabase()",
  );
  const objects = schemaObjects(contract);
  refuseTaken(objects, rows);
  const existing = new Set(rows.map(nameOf));
  const applied = existing.has("schema_migrations")
    ? await clickhouse.query<AppliedRow>("SELECT version, name, checksum FROM schema_migrations FINAL")
    : [];
  const made = existing.has("schema_views")
    ? await clickhouse.query<{ name: string; checksum: string }>("SELECT name, checksum FROM schema_views FINAL")
    : [];
  const checksums = new Map(made.map(({ name, checksum }) => [name, checksum]));
  const known = Math.max(BASE_VERSION, ...migrations.map(({ version }) => version));
  const isOlder = applied.some(({ version }) => version > known);
  const isStale = ({ name, sql }: SchemaObject) => !existing.has(name) || checksums.get(name) !== sqlChecksum(sql);
  return {
    isNew: existing.size === 0,
    create: objects.filter((object) => isCreatedOnce(object) && !existing.has(object.name)),
    pending: planMigrations(applied, migrations),
    replace: isOlder ? [] : objects.filter((object) => !isCreatedOnce(object) && isStale(object)),
  };
}

/**
 * Brings the database to this binary's schema. Idempotent: every statement may run twice, so a run that was interrupted
 * is repeated as it is. The database itself must exist (see {@link createDatabase}). Owners and security of the views are
 * looked at each time, so that a user who got another name, or a database restored elsewhere, heals.
 * @param options.owner user with whose rights the pipeline's views run; by default the one that is connected.
 */
export async function migrate(
  clickhouse: ClickHouse,
  options: WantedSchema & { owner?: string; onApplied?: (migration: Migration) => void } = {},
): Promise<MigrationReport> {
  const { migrations = MIGRATIONS, contract = shippedContract() } = options;
  const owner = options.owner ?? (await currentUser(clickhouse));
  const given = { owner, isReplicated: (await databaseEngine(clickhouse)) === "Replicated" };
  const plan = await planSchema(clickhouse, { migrations, contract });
  for (const sql of [schemaMigrations, schemaViews]) await run(clickhouse, sql, given);
  for (const { sql } of plan.create) await run(clickhouse, sql, given);
  const toRun = plan.isNew ? [] : plan.pending;
  for (const migration of toRun) {
    await run(clickhouse, migration.sql, given);
    await recordMigrations(clickhouse, [migration]);
    options.onApplied?.(migration);
  }
  for (const { sql } of plan.replace) await run(clickhouse, sql, given);
  if (plan.replace.length > 0) await recordViews(clickhouse, plan.replace);
  if (plan.isNew) await recordMigrations(clickhouse, plan.pending);
  const secured = await reassertViewSecurity(clickhouse, schemaObjects(contract), owner);
  return { created: plan.create.map(nameOf), applied: toRun.map(nameOf), replaced: plan.replace.map(nameOf), secured };
}

function refuseTaken(objects: readonly SchemaObject[], existing: readonly { name: string; engine: string }[]): void {
  const views = new Set(objects.filter(({ kind }) => kind !== "table").map(nameOf));
  const taken = existing.find(({ name, engine }) => views.has(name) && !engine.endsWith("View"));
  if (taken === undefined) return;
  throw new AppError("NAME_TAKEN", `The table ${taken.name} (${taken.engine}) has the name of a view of this schema.`, {
    retry: false,
    next: "rename the table, or give the metric or view that the contract declares another name",
  });
}

const nameOf = ({ name }: { name: string }) => name;
const isCreatedOnce = ({ kind }: SchemaObject) => kind === "table" || kind === "insert_view";

async function run(clickhouse: ClickHouse, sql: string, given: Given): Promise<void> {
  for (const statement of schemaStatements(sql, given)) await clickhouse.command(statement);
}

/** What a schema file does not say: the owner of the views, and whether the database replicates what is in it. */
type Given = { owner: string; isReplicated: boolean };

/**
 * The statements of a schema file as a server is given them. In a replicated database each table has a replicated engine:
 * a plain one would be made on every replica, and each would keep what was inserted there to itself.
 */
export function schemaStatements(sql: string, { owner, isReplicated }: Given): string[] {
  return splitStatements(sql).map((statement) => {
    const owned = statement.replaceAll("{owner}", quoteIdentifier(owner));
    return isReplicated ? owned.replace(/^ENGINE = (?=\w*MergeTree)/m, "ENGINE = Replicated") : owned;
  });
}

async function recordViews(clickhouse: ClickHouse, views: readonly SchemaObject[]): Promise<void> {
  await clickhouse.command(
    `INSERT INTO schema_views (name, checksum)
     SELECT view.1, view.2 FROM (SELECT arrayJoin(arrayZip({names:Array(String)}, {checksums:Array(String)})) AS view)`,
    { params: { names: views.map(nameOf), checksums: views.map(({ sql }) => sqlChecksum(sql)) } },
  );
}

async function recordMigrations(clickhouse: ClickHouse, migrations: readonly Migration[]): Promise<void> {
  await clickhouse.command(
    `INSERT INTO schema_migrations (version, name, checksum)
     SELECT row.1, row.2, row.3
     FROM (SELECT arrayJoin(arrayZip({versions:Array(UInt32)}, {names:Array(String)}, {checksums:Array(String)})) AS row)`,
    {
      params: {
        versions: migrations.map(({ version }) => version),
        names: migrations.map(nameOf),
        checksums: migrations.map(({ sql }) => sqlChecksum(sql)),
      },
    },
  );
}

/**
 * Creates the database. `clickhouse` must be connected to one that exists, or to none.
 * @param cluster makes it on every replica of this cluster, so that each statement on it reaches all of them.
 */
export async function createDatabase(clickhouse: ClickHouse, database: string, cluster?: string): Promise<void> {
  await clickhouse.command(createDatabaseStatement(database, cluster));
}

/** The macros are the server's own: they tell its shard and its name. */
export function createDatabaseStatement(database: string, cluster?: string): string {
  const create = `CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}`;
  if (cluster === undefined) return create;
  return `${create} ON CLUSTER ${quoteIdentifier(cluster)} ENGINE = Replicated('/clickhouse/databases/${database}', '{shard}', '{replica}')`;
}

/** Engine of the database that is connected, such as `Atomic` or `Replicated`. */
export async function databaseEngine(clickhouse: ClickHouse): Promise<string> {
  const [row] = await clickhouse.query<{ engine: string }>(
    "SELECT engine FROM system.databases WHERE name = currentDatabase()",
  );
  return row?.engine ?? "";
}
