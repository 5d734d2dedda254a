import { InvalidArgumentError } from "commander";
import { parseIsoMs } from "../../shared/event/index.ts";

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `60s`, `5m`, `2h` or `7d` as milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNITS_MS[unit];
  if (number === undefined || factor === undefined)
    throw new InvalidArgumentError("Use e.g. 500ms, 60s, 5m, 2h or 7d.");
  return Number(number) * factor;
}

/** An ISO 8601 time; without offset it is UTC, and a date alone is its midnight. Unix milliseconds. */
export function parseTime(text: string): number {
  const withClock = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
  const withSeconds = withClock.replace(/^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(?=$|Z|[+-])/, "$1:00");
  const ms = parseIsoMs(/(Z|[+-]\d{2}:\d{2})$/.test(withSeconds) ? withSeconds : `${withSeconds}Z`);
  if (ms === undefined) throw new InvalidArgumentError("Use an ISO 8601 time such as 2026-05-01T12:00Z.");
  return ms;
}

/** A whole number of at least one. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Use a whole number of at least 1.");
  return Number(text);
}
