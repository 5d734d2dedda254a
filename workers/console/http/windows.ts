import type { BusinessView } from "../data/business.ts";
import type { TimeRange } from "../data/time-range.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Whole minutes, the current one last. */
export function liveWindow(nowMs: number, minutes: number): TimeRange {
  const toMs = (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
  return { fromMs: toMs - minutes * MINUTE_MS, toMs };
}

/** What a view shows unless told otherwise: two days of hours and windows, thirty days of days. */
export function businessWindow(
  nowMs: number,
  view: BusinessView,
  asked: { from?: number | undefined; to?: number | undefined },
): TimeRange {
  // The window that ends with the current hour ends in the future.
  const toMs = asked.to ?? (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS + 1;
  return { fromMs: asked.from ?? toMs - (view === "days" ? 30 : 2) * DAY_MS, toMs };
}

/** The last hour, up to a moment ahead for producers whose clock is fast. */
export function eventWindow(nowMs: number, asked: { from?: number | undefined; to?: number | undefined }): TimeRange {
  const toMs = asked.to ?? (Math.floor(nowMs / MINUTE_MS) + 10) * MINUTE_MS;
  return { fromMs: asked.from ?? Math.min(toMs, nowMs) - HOUR_MS, toMs };
}
