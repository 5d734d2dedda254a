/** UTC buckets. Floors go towards minus infinity, so they are also right before 1970. */

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

function floorSeconds(timeMs: number, bucketMs: number): number {
  // `+ 0` turns -0 into 0.
  return Math.floor(timeMs / bucketMs) * (bucketMs / 1000) + 0;
}

/** The start of the minute of a time (ms since the epoch), in seconds since the epoch. */
export function minuteStartS(timeMs: number): number {
  return floorSeconds(timeMs, MINUTE_MS);
}

/** The start of the UTC hour of a time (ms since the epoch), in seconds since the epoch. */
export function hourStartS(timeMs: number): number {
  return floorSeconds(timeMs, HOUR_MS);
}

/** The start of the UTC day of a time (ms since the epoch), in seconds since the epoch. */
export function dayStartS(timeMs: number): number {
  return floorSeconds(timeMs, DAY_MS);
}
