import { AppError } from "../runtime/errors.ts";
import type { ClickHouse } from "./client.ts";
import { MIGRATIONS, type Migration } from "./migrations.ts";
import { reassertViewOwners } from "./view-owners.ts";

/** What a migration run did; `owned` are the views whose owner or security it changed. */
export type MigrationReport = { applied: string[]; alreadyApplied: number; owned: string[] };

type AppliedRow = { version: number; name: string; checksum: string };

const HISTORY_DDL = `CREATE TABLE IF NOT EXISTS schema_migrations
(
    version    UInt32,
    name       String,
    checksum   String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY version`;

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
export function migrationChecksum(sql: string): string {
  return new Bun.CryptoHasher("sha256").update(sql.replaceAll("\r\n", "\n")).digest("hex").slice(0, 16);
}

/**
 * Compares what was applied with what this binary brings and returns what is to do. Versions this binary does not know
 * were applied by a newer one and are left alone, so that workers can be rolled back.
 * @throws AppError `MIGRATION_EDITED` when a file that was applied has another text now.
 */
export function planMigrations(applied: readonly AppliedRow[], migrations: readonly Migration[]): Migration[] {
  const byVersion = new Map(applied.map((row) => [row.version, row]));
  return migrations.filter((migration) => {
    const row = byVersion.get(migration.version);
    if (!row) return true;
    if (row.checksum !== migrationChecksum(migration.sql)) {
      throw new AppError(
        "MIGRATION_EDITED",
        `Schema file ${migration.version} (${migration.name}) was edited after it had been applied. ` +
          "Restore its text and put the change into a new file.",
        { retry: false },
      );
    }
    return false;
  });
}

/**
 * Brings the database to this binary's schema. Idempotent: every statement may run twice, so a run that was interrupted
 * is repeated as it is. The database itself must exist (see {@link createDatabase}). The views' owners are set anew each
 * time, so that a user who got another name, or a database restored elsewhere, heals.
 */
export async function migrate(
  clickhouse: ClickHouse,
  options: { migrations?: readonly Migration[]; owner?: string; onApplied?: (migration: Migration) => void } = {},
): Promise<MigrationReport> {
  await clickhouse.command(HISTORY_DDL);
  const applied = await clickhouse.query<AppliedRow>("SELECT version, name, checksum FROM schema_migrations FINAL");
  const pending = planMigrations(applied, options.migrations ?? MIGRATIONS);
  for (const migration of pending) {
    for (const statement of splitStatements(migration.sql)) await clickhouse.command(statement);
    await clickhouse.command(
      "INSERT INTO schema_migrations (version, name, checksum) SELECT {version:UInt32}, {name:String}, {checksum:String}",
      {
        params: { version: migration.version, name: migration.name, checksum: migrationChecksum(migration.sql) },
        settings: { async_insert: 0 },
      },
    );
    options.onApplied?.(migration);
  }
  const owned = await reassertViewOwners(clickhouse, options.owner);
  return { applied: pending.map((migration) => migration.name), alreadyApplied: applied.length, owned };
}

/** Creates the database. `clickhouse` must be connected to one that exists, such as `default`. */
export async function createDatabase(clickhouse: ClickHouse, database: string): Promise<void> {
  await clickhouse.command("CREATE DATABASE IF NOT EXISTS {database:Identifier}", { params: { database } });
}
