import type { KeyResult } from "./compare.ts";
import type { Window } from "./queries.ts";

/** Times are Unix seconds. */

const HOUR_S = 3_600;
export const DAY_S = 86_400;

/** The last whole hour that a ClickHouse DateTime holds. */
export const END_OF_TIME_S = Math.floor(2 ** 32 / HOUR_S) * HOUR_S;

/** The whole hours inside a window; empty (from >= to) when it holds none. */
export function wholeHours(window: Window): Window {
  return { from: Math.ceil(window.from / HOUR_S) * HOUR_S, to: Math.floor(window.to / HOUR_S) * HOUR_S };
}

/** The part of a day inside the window. */
export function dayWindow(day: number, window: Window): Window {
  return { from: Math.max(day, window.from), to: Math.min(day + DAY_S, window.to) };
}

/** Lists longer than this are replaced by the whole window: they travel in a URL. */
const MAX_MINUTES = 240;

/** What has to be read again to look at these keys once more, day by day. */
export function recheckWindows(keys: readonly KeyResult[], window: Window): Window[] {
  const byDay = new Map<number, Set<number>>();
  for (const { check, bucket } of keys) {
    const day = bucket - (bucket % DAY_S);
    const minutes = byDay.get(day) ?? new Set<number>();
    byDay.set(day, minutes);
    const last = check === "hour" ? bucket + HOUR_S : bucket + 60;
    for (let minute = bucket; minute < last; minute += 60) minutes.add(minute);
  }
  return [...byDay]
    .sort(([a], [b]) => a - b)
    .map(([day, minutes]) => {
      const part = dayWindow(day, window);
      return minutes.size > MAX_MINUTES ? part : { ...part, minutes: [...minutes].sort((a, b) => a - b) };
    });
}
