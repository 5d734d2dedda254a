import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { type HourState, readHourStates, readMinuteStates } from "../../shared/clickhouse/minute-states.ts";
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
  const before = await readMinuteStates(clickhouse.query, minutes);
  const ready = minutes.filter((minute) => before.get(minute)?.clean);
  const window = { from: ready[0] ?? 0, to: (ready.at(-1) ?? 0) + 60, minutes: ready };
  const events = ready.length === 0 ? [] : await readEvents(clickhouse, window);
  const shown = ready.length === 0 ? [] : await readMinutes(clickhouse, window);
  const after = await readMinuteStates(clickhouse.query, ready);
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

/** An hour of no minute, never rolled up. */
const NOTHING: HourState = { wanted: "0", included: "0" };

async function compareOpenHour(clickhouse: ClickHouse, hour: number, found: BucketFindings): Promise<void> {
  const window = { from: hour, to: hour + 3600 };
  const stateNow = async () => (await readHourStates(clickhouse.query, window)).get(hour) ?? NOTHING;
  const before = await stateNow();
  if (before.wanted !== before.included) return;
  const minutes = await readMinutes(clickhouse, window);
  const hours = await readHours(clickhouse, window);
  const after = await stateNow();
  if (after.wanted !== before.wanted || after.included !== before.included) return;
  const wrong = compareHours(minutes, hours).filter(({ outcome }) => outcome !== "exact");
  for (const key of wrong) found.different.set(`hour ${key.bucket} ${after.included}`, describe(key));
  if (wrong.length === 0) found.doneHours.add(hour);
}

const describe = ({ check, bucket, source, eventType, expected, found }: KeyResult) =>
  `${check} ${new Date(bucket * 1000).toISOString()} ${source} ${eventType}: ${expected.events} events, ${found.events} shown`;
