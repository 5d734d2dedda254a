import sql0015 from "./schema/migrations/0015_insert_views.sql" with { type: "text" };
import sql0016 from "./schema/migrations/0016_ledger_reached.sql" with { type: "text" };
import sql0017 from "./schema/migrations/0017_column_comments.sql" with { type: "text" };
import sql0018 from "./schema/migrations/0018_metrics.sql" with { type: "text" };

/** One numbered SQL file. */
export type Migration = { version: number; name: string; sql: string };

/** The schema that a store must have before the first migration of {@link MIGRATIONS}. */
export const BASE_VERSION = 14;

/**
 * What brings a store that exists to the schema of schema/objects.ts, as far as creating what is missing and replacing
 * views does not: changes to tables and to views on inserts. A new store has them already.
 *
 * Append only: a file that was applied anywhere is never edited, and a new one only adds (expand) what older workers can
 * ignore, so that workers can be rolled back. Every statement may run twice, also on a store that has the change.
 */
export const MIGRATIONS: readonly Migration[] = [
  { version: 15, name: "insert_views", sql: sql0015 },
  { version: 16, name: "ledger_reached", sql: sql0016 },
  { version: 17, name: "column_comments", sql: sql0017 },
  { version: 18, name: "metrics", sql: sql0018 },
];
