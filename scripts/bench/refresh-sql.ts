import { MIGRATIONS } from "../../workers/shared/clickhouse/migrations.ts";

/** The SELECT with which a refreshed view recomputes, as the newest schema file that defines it has it. */
export function refreshSelect(store: "events_per_minute_store" | "events_per_hour_store"): string {
  const pattern = new RegExp(`APPEND TO ${store} AS\\n([\\s\\S]*?);[ \\t]*$`, "m");
  const found = MIGRATIONS.map(({ sql }) => pattern.exec(sql)?.[1]).findLast((select) => select !== undefined);
  if (found === undefined) throw new RangeError(`no schema file refreshes ${store}`);
  return found;
}
