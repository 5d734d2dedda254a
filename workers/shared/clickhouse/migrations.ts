import sql0001 from "./schema/0001_settings.sql" with { type: "text" };
import sql0002 from "./schema/0002_events_raw.sql" with { type: "text" };
import sql0003 from "./schema/0003_marks.sql" with { type: "text" };
import sql0004 from "./schema/0004_events_per_minute.sql" with { type: "text" };
import sql0005 from "./schema/0005_events_per_hour.sql" with { type: "text" };
import sql0006 from "./schema/0006_business.sql" with { type: "text" };
import sql0007 from "./schema/0007_dead_letters.sql" with { type: "text" };
import sql0008 from "./schema/0008_ledger.sql" with { type: "text" };
import sql0009 from "./schema/0009_accounting.sql" with { type: "text" };
import sql0010 from "./schema/0010_lake.sql" with { type: "text" };
import sql0011 from "./schema/0011_console.sql" with { type: "text" };
import sql0012 from "./schema/0012_paced_refresh.sql" with { type: "text" };
import sql0013 from "./schema/0013_conflicts.sql" with { type: "text" };
import sql0014 from "./schema/0014_conflict_resolutions.sql" with { type: "text" };

/** One numbered SQL file. */
export type Migration = { version: number; name: string; sql: string };

/**
 * All schema files in order, compiled into the binary. Append only: a file that was applied anywhere is never edited,
 * and a new one only adds (expand) what older workers can ignore, so that workers can be rolled back.
 */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "settings", sql: sql0001 },
  { version: 2, name: "events_raw", sql: sql0002 },
  { version: 3, name: "marks", sql: sql0003 },
  { version: 4, name: "events_per_minute", sql: sql0004 },
  { version: 5, name: "events_per_hour", sql: sql0005 },
  { version: 6, name: "business", sql: sql0006 },
  { version: 7, name: "dead_letters", sql: sql0007 },
  { version: 8, name: "ledger", sql: sql0008 },
  { version: 9, name: "accounting", sql: sql0009 },
  { version: 10, name: "lake", sql: sql0010 },
  { version: 11, name: "console", sql: sql0011 },
  { version: 12, name: "paced_refresh", sql: sql0012 },
  { version: 13, name: "conflicts", sql: sql0013 },
  { version: 14, name: "conflict_resolutions", sql: sql0014 },
];
