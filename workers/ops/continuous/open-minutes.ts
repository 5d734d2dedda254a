import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { compareHours, compareMinutes, type KeyResult } from "../verify/compare.ts";
import { readEvents, readHours, readMinutes, readRawHorizon } from "../verify/queries.ts";

/** Minutes and hours (Unix s) that were touched, compared with the views as soon as these are up to date. */
export type OpenBuckets = { minutes: ReadonlySet<number>; hours: ReadonlySet<number> };

export type BucketFindings = {
  /** Compared and equal, or beyond the raw retention. */
  doneMinutes: Set<number>;
  doneHours: Set<number>;
  /** Compared, and not equal: by a text that is the same when nothing has changed since. */
  different: Map<string, string>;
};

/** Compared in one go: they travel in the address of a query. */
const MAX_MINUTES = 200;
const MAX_HOURS = 24;

type State = { marked: string; recorded: string; clean: boolean; version: string };

/**
 * Compares open minutes and hours. One that is being recomputed, or was touched while it was compared, is "not yet": its
 * state is read before and after the two sides, and only what stood still in between is judged.
 */
export async function compareOpen(clickhouse: ClickHouse, open: OpenBuckets): Promise<BucketFindings> {
  const found: BucketFindings = { doneMinutes: new Set(), doneHours: new Set(), different: new Map() };
  await compareOpenMinutes(clickhouse, [...open.minutes].sort((a, b) => a - b).slice(0, MAX_MINUTES), found);
  const stillOpen = new Set([...open.minutes].filter((minute) => !found.doneMinutes.has(minute)).map(hourOf));
  const hours = [...open.hours].filter((hour) => !stillOpen.has(hour)).sort((a, b) => a - b);
  for (const hour of hours.slice(0, MAX_HOURS)) await compareOpenHour(clickhouse, hour, found);
  return found;
}

export const hourOf = (minute: number) => minute - (minute % 3600);

async function compareOpenMinutes(
  clickhouse: ClickHouse,
  minutes: readonly number[],
  found: BucketFindings,
): Promise<void> {
  if (minutes.length === 0) return;
  const before = await readStates(clickhouse, minutes);
  const ready = minutes.filter((minute) => before.get(minute)?.clean);
  const window = { from: ready[0] ?? 0, to: (ready.at(-1) ?? 0) + 60, minutes: ready };
  const events = ready.length === 0 ? [] : await readEvents(clickhouse, window);
  const shown = ready.length === 0 ? [] : await readMinutes(clickhouse, window);
  const after = await readStates(clickhouse, ready);
  // Read last: what retention has dropped meanwhile is no difference.
  const horizon = await readRawHorizon(clickhouse);
  const stood = (minute: number) => {
    const [a, b] = [before.get(minute), after.get(minute)];
    return a !== undefined && b?.clean === true && a.version === b.version && a.marked === b.marked;
  };
  const judged = new Set(ready.filter((minute) => minute >= horizon && stood(minute)));
  const wrong = compareMinutes(events, shown).filter(
    ({ bucket, outcome }) => judged.has(bucket) && outcome !== "exact",
  );
  for (const key of wrong) {
    judged.delete(key.bucket);
    found.different.set(`minute ${key.bucket} ${after.get(key.bucket)?.version}`, describe(key));
  }
  for (const minute of minutes) if (minute < horizon || judged.has(minute)) found.doneMinutes.add(minute);
}

async function compareOpenHour(clickhouse: ClickHouse, hour: number, found: BucketFindings): Promise<void> {
  const window = { from: hour, to: hour + 3600 };
  const before = await readHourState(clickhouse, hour);
  if (before === undefined || before.wanted !== before.included) return;
  const minutes = await readMinutes(clickhouse, window);
  const hours = await readHours(clickhouse, window);
  const after = await readHourState(clickhouse, hour);
  if (after === undefined || after.wanted !== before.wanted || after.included !== before.included) return;
  const wrong = compareHours(minutes, hours).filter(({ outcome }) => outcome !== "exact");
  for (const key of wrong) found.different.set(`hour ${key.bucket} ${after.included}`, describe(key));
  if (wrong.length === 0) found.doneHours.add(hour);
}

const describe = ({ check, bucket, source, eventType, expected, found }: KeyResult) =>
  `${check} ${new Date(bucket * 1000).toISOString()} ${source} ${eventType}: ${expected.events} events, ${found.events} shown`;

/**
 * A minute is clean by the view's own rule, unless a key of it was dropped after its computation began: that is recorded
 * before the rows are deleted, and the mark follows only after them.
 */
async function readStates(clickhouse: ClickHouse, minutes: readonly number[]): Promise<Map<number, State>> {
  if (minutes.length === 0) return new Map();
  const wanted = "event_minute IN (SELECT toDateTime(arrayJoin({minutes:Array(UInt32)}), 'UTC'))";
  const rows = await clickhouse.query<{ minute: number; m: string; r: string; clean: number; v: string }>(
    `SELECT toUnixTimestamp(marks.event_minute) AS minute, marked AS m, recorded AS r, version AS v,
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
    { params: { minutes: [...minutes] } },
  );
  return new Map(
    rows.map(({ minute, m, r, clean, v }) => [minute, { marked: m, recorded: r, clean: clean === 1, version: v }]),
  );
}

/** What an hour's minutes add up to, and what its last roll-up included. */
async function readHourState(
  clickhouse: ClickHouse,
  hour: number,
): Promise<{ wanted: string; included: string } | undefined> {
  const [row] = await clickhouse.query<{ wanted: string; included: string }>(
    `SELECT
       (SELECT sum(newest) FROM (
         SELECT event_minute, max(version) AS newest FROM events_per_minute_store
         WHERE source = '' AND event_type = '' AND toStartOfHour(event_minute) = toDateTime({hour:UInt32}, 'UTC')
         GROUP BY event_minute)) AS wanted,
       (SELECT max(version) FROM events_per_hour_store
         WHERE source = '' AND event_type = '' AND event_hour = toDateTime({hour:UInt32}, 'UTC')) AS included`,
    { params: { hour } },
  );
  return row;
}
