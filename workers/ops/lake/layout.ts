/**
 * Where what lies in the lake: one object of a fixed name per hour and source, under hive partitions.
 * `events/date=2026-05-01/hour=07/source=web/events.parquet`. Readers take whatever lies under `events/`, so nothing else
 * may be put there, not for a moment.
 */
export const EVENTS_PREFIX = "events/";
const FILE_NAME = "events.parquet";
const KEY = /^events\/date=(\d{4}-\d{2}-\d{2})\/hour=(\d{2})\/source=([a-z][a-z0-9_-]*)\/events\.parquet$/;

/** An hour and source of the lake. Hours are Unix seconds. */
export type Slot = { hourS: number; source: string };

/** `events/date=2026-05-01/`, of the day that holds this second. */
export function datePrefix(secondS: number): string {
  return `${EVENTS_PREFIX}date=${iso(secondS).slice(0, 10)}/`;
}

/** `events/date=2026-05-01/hour=07/` */
export function hourPrefix(hourS: number): string {
  return `${datePrefix(hourS)}hour=${iso(hourS).slice(11, 13)}/`;
}

/** Key of the object of an hour and source. `source` may be a wildcard. */
export function objectKey(hourS: number, source: string): string {
  return `${hourPrefix(hourS)}source=${source}/${FILE_NAME}`;
}

/** Pattern of all objects of a day. */
export function dateGlob(secondS: number): string {
  return `${datePrefix(secondS)}hour=*/source=*/${FILE_NAME}`;
}

/** The hour and source an object belongs to; undefined for a key this exporter never writes. */
export function parseKey(key: string): Slot | undefined {
  const [, date, hour, source] = KEY.exec(key) ?? [];
  if (date === undefined || hour === undefined || source === undefined) return undefined;
  const ms = Date.parse(`${date}T${hour}:00:00Z`);
  const slot = { hourS: ms / 1000, source };
  // 2026-02-30 and hour 24 parse as something else or not at all.
  return Number.isFinite(ms) && objectKey(slot.hourS, source) === key ? slot : undefined;
}

/** `2026-05-01 07:00` */
export function formatHour(hourS: number): string {
  return iso(hourS).slice(0, 16).replace("T", " ");
}

/** True for sources whose name can stand in a key. */
export function isPlainSource(source: string): boolean {
  return /^[a-z][a-z0-9_-]*$/.test(source);
}

function iso(secondS: number): string {
  return new Date(secondS * 1000).toISOString();
}
