import type { AttributeDoc } from "../../shared/contract/document.ts";
import { unreadable } from "./paths.ts";

/** Reads a time of a message; undefined when it is none of this spelling, or out of the range that the store holds. */
export type TimeReader = (value: unknown) => number | undefined;

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const CLOCK = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?$/;
const SHORT_CLOCK = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,12}))?)?$/;
const ZONE = /^(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const SHORT_ZONE = /^(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)$/;

/** How the parts of a time may be spelled. */
type Grammar = { readonly separators: string; readonly clock: RegExp; readonly zone: RegExp };

const RFC3339: Grammar = { separators: "T", clock: CLOCK, zone: ZONE };
/** Besides: no seconds, comma, up to twelve digits of a second, a space or small letters, offsets without colon or minutes. */
const ISO8601: Grammar = { separators: "Tt ", clock: SHORT_CLOCK, zone: SHORT_ZONE };

/** The reader for a type of an envelope's time. */
export function timeReader(type: AttributeDoc["type"]): TimeReader {
  if (type === undefined || type === "rfc3339") return (value) => readTime(value, RFC3339);
  if (type === "iso8601") return (value) => readTime(value, ISO8601);
  throw unreadable(`a time of type ${type}`);
}

/** Days, as written, between which a time must lie whatever its offset; on the last one the offset must not lead out. */
const FIRST_DAY = "1970-01-01";
const LAST_DAY = "2106-02-06";

/** Unix ms; finer than a millisecond is cut off. */
function readTime(value: unknown, { separators, clock, zone }: Grammar): number | undefined {
  if (typeof value !== "string" || !separators.includes(value[10] ?? "-")) return undefined;
  const day = value.slice(0, 10);
  const dayMs = readDay(day);
  const rest = value.slice(11);
  const zoneAt = rest.search(/[Zz+-]/);
  const [, hour, minute, second = "0", fraction = ""] = clock.exec(rest.slice(0, zoneAt)) ?? [];
  const found = zone.exec(rest.slice(zoneAt));
  if (dayMs === undefined || zoneAt < 0 || hour === undefined || found === null) return undefined;
  const [, sign, offsetHours = "0", offsetMinutes = "0"] = found;
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  if (offsetMs !== 0 && ((sign === "+" && day === FIRST_DAY) || (sign === "-" && day === LAST_DAY))) return undefined;
  const clockMs = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  const ms = Number(fraction.slice(0, 3).padEnd(3, "0"));
  return dayMs + clockMs + ms + (sign === "-" ? offsetMs : -offsetMs);
}

/** The start of a day in UTC, Unix ms; undefined when the calendar lacks it or the store cannot hold it. */
function readDay(text: string): number | undefined {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined || text < FIRST_DAY || text > LAST_DAY) return undefined;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day));
  return new Date(ms).toISOString().startsWith(text) ? ms : undefined;
}
