import { AppError } from "../runtime/errors.ts";
import type { ClickHouse } from "./client.ts";

/**
 * Raw events are kept at least this much longer than the oldest event that is accepted, days: one for the day that is
 * partly past the retention, and a week for events that are stored late, after an outage or by `ops rewind`. Without it
 * an event could be stored whose minute is no longer recomputed.
 */
export const RETENTION_SLACK_DAYS = 8;

/** Marks and received offsets outlive the raw events by this many days, see minute_marks.sql. */
const BOOKKEEPING_EXTRA_DAYS = 7;

/** Days for which raw events are kept, as the schema has it. */
export async function rawRetentionDays(clickhouse: ClickHouse): Promise<number> {
  const rows = await clickhouse.query<{ value: string }>(
    "SELECT value FROM pipeline_settings FINAL WHERE name = 'raw_retention_days'",
  );
  const row = rows[0];
  if (!row) throw new AppError("SCHEMA_MISSING", "pipeline_settings is empty: run `ops migrate`", { retry: true });
  return Number(row.value);
}

/**
 * Changes the retention of raw events, if it differs. Lengthening it does not bring back days that were dropped: they
 * are recorded as incomplete (`raw_complete_since`), so that no minute of theirs is ever recomputed from what is left. A
 * store that has never held an event has dropped none: `ops restore` may fill it with as many days.
 * @returns true when something was changed.
 */
export async function setRawRetention(clickhouse: ClickHouse, days: number): Promise<boolean> {
  const current = await rawRetentionDays(clickhouse);
  if (current === days) return false;
  const set = (name: string, value: string) =>
    clickhouse.command("INSERT INTO pipeline_settings (name, value) SELECT {name:String}, {value:String}", {
      params: { name, value },
      settings: { async_insert: 0 },
    });
  if (days > current && (await hasStored(clickhouse))) {
    const horizon = await clickhouse.query<{ day: string }>(
      "SELECT toString(toDate(complete_since)) AS day FROM raw_horizon",
    );
    await set("raw_complete_since", horizon[0]?.day ?? "1970-01-01");
  }
  // Shortening: the views stop recomputing first, then rows may go. Lengthening: rows stay first, then views may read.
  const alterTtl = async () => {
    await clickhouse.command(`ALTER TABLE events_raw MODIFY TTL event_date + INTERVAL ${days} DAY DELETE`);
    for (const table of ["minute_marks", "received_offsets"]) {
      await clickhouse.command(
        `ALTER TABLE ${table} MODIFY TTL event_minute + INTERVAL ${days + BOOKKEEPING_EXTRA_DAYS} DAY DELETE`,
      );
    }
  };
  if (days > current) await alterTtl();
  await set("raw_retention_days", String(days));
  if (days < current) await alterTtl();
  return true;
}

async function hasStored(clickhouse: ClickHouse): Promise<boolean> {
  const rows = await clickhouse.query<{ n: number }>(
    "SELECT 1 AS n FROM events_raw LIMIT 1 UNION ALL SELECT 1 AS n FROM events_per_minute_store LIMIT 1",
  );
  return rows.length > 0;
}
