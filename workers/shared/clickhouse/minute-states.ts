/** Runs a query. */
type Query = <Row>(sql: string, options: { params: Record<string, unknown> }) => Promise<Row[]>;

/** How far the views are with a minute. */
export type MinuteState = {
  /** Rows its marks add up to. */
  marked: string;
  /** Whether the view shows all of it, and nothing of it was dropped since. */
  clean: boolean;
  /** Of its last recomputation. */
  version: string;
};

/** The states of minutes (Unix s), a list of them or those of a range; minutes that nothing has touched are missing. */
export async function readMinuteStates(
  query: Query,
  minutes: readonly number[] | { from: number; to: number },
): Promise<Map<number, MinuteState>> {
  const isRange = "from" in minutes;
  if (!isRange && minutes.length === 0) return new Map();
  const wanted = isRange
    ? "event_minute >= {from:UInt32} AND event_minute < {to:UInt32}"
    : "event_minute IN (SELECT toDateTime(arrayJoin({minutes:Array(UInt32)}), 'UTC'))";
  const rows = await query<{ minute: number; m: string; clean: number; v: string }>(
    // Clean by the view's own rule, unless a key of it was dropped after its computation began: that is recorded before the
    // rows are deleted, and the mark follows only after them.
    `SELECT toUnixTimestamp(marks.event_minute) AS minute, marked AS m, version AS v,
       toUInt8(marked = recorded AND touched <= computed - INTERVAL 1 SECOND AND dropped < computed) AS clean
     FROM (
       SELECT event_minute, sum(rows_marked) AS marked, max(touched_at) AS touched FROM minute_marks
       WHERE ${wanted} GROUP BY event_minute
     ) AS marks
     LEFT JOIN (
       SELECT event_minute, max(rows_marked) AS recorded, max(computed_at) AS computed, max(version) AS version
       FROM events_per_minute_store WHERE source = '' AND event_type = '' AND ${wanted} GROUP BY event_minute
     ) AS heads ON heads.event_minute = marks.event_minute
     LEFT JOIN (
       SELECT event_minute, max(resolved_at) AS dropped FROM conflict_resolutions WHERE ${wanted} GROUP BY event_minute
     ) AS drops ON drops.event_minute = marks.event_minute
     SETTINGS join_use_nulls = 0`,
    { params: isRange ? minutes : { minutes: [...minutes] } },
  );
  return new Map(rows.map(({ minute, m, clean, v }) => [minute, { marked: m, clean: clean === 1, version: v }]));
}

/** What an hour's minutes add up to, and what its last roll-up included: versions that are equal once the hour shows all of it. */
export type HourState = { wanted: string; included: string };

/** The states of the hours (Unix s) of a range; hours that neither have minutes nor were rolled up are missing. */
export async function readHourStates(
  query: Query,
  range: { from: number; to: number },
): Promise<Map<number, HourState>> {
  const rows = await query<{ hour: number } & HourState>(
    `SELECT toUnixTimestamp(event_hour) AS hour, sum(of_minutes) AS wanted, max(of_hour) AS included
     FROM (
       SELECT toStartOfHour(event_minute) AS event_hour, max(version) AS of_minutes, toUInt64(0) AS of_hour
       FROM events_per_minute_store
       WHERE source = '' AND event_type = '' AND event_minute >= {from:UInt32} AND event_minute < {to:UInt32}
       GROUP BY event_minute
       UNION ALL
       SELECT event_hour, toUInt64(0) AS of_minutes, max(version) AS of_hour FROM events_per_hour_store
       WHERE source = '' AND event_type = '' AND event_hour >= {from:UInt32} AND event_hour < {to:UInt32}
       GROUP BY event_hour
     )
     GROUP BY event_hour`,
    { params: range },
  );
  return new Map(rows.map(({ hour, wanted, included }) => [hour, { wanted, included }]));
}
