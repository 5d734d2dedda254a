/**
 * Exact ISO 8601 times, read by a strict grammar: `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`.
 *
 * `Date.parse` is not used because it accepts more than the contract (local times, "2025-02-30", other formats), and
 * differently from one engine to the next.
 *
 * Range: a ClickHouse `DateTime` holds 1970-01-01 to 2106-02-07T06:28:15 UTC. The days *as written* must be 1970-01-01 to
 * 2106-02-06; the first not with an offset ahead of UTC and the last not with one behind it, so that every accepted time
 * is in range. The rule is about the written day so that a pattern (and thus JSON Schema) can state it exactly.
 */

const DAY_MS = 86_400_000;
const FIRST_DAY_MS = 0;
const LAST_DAY_MS = Date.UTC(2106, 1, 6);
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const MONTH_AND_DAY =
  "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))";
const LEAP_DAY = "(?:19(?:7[26]|8[048]|9[26])|20(?:[02468][048]|[13579][26])|2104)-02-29";
const DATE = `(?:(?:19[789][0-9]|20[0-9]{2}|210[0-5])-${MONTH_AND_DAY}|${LEAP_DAY}|2106-(?:01-(?:0[1-9]|[12][0-9]|3[01])|02-0[1-6]))`;
const CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?";
const OFFSET = "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";

/** The grammar and the range of {@link parseIsoMs} as one regular expression source, for JSON Schema. */
export const ISO_TIME_PATTERN = `^(?!1970-01-01T[^+]*\\+(?!00:00))(?!2106-02-06T[^-]*-(?!00:00))${DATE}T${CLOCK}${OFFSET}$`;

/** The value of `length` decimal digits at `start`, or NaN if one is not a digit. */
function digits(text: string, start: number, length: number): number {
  let value = 0;
  for (let i = start; i < start + length; i++) {
    const digit = text.charCodeAt(i) - 48;
    // The negation also catches NaN, which charCodeAt answers past the end.
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** The first millisecond of a UTC day, or NaN if there is no such day (2025-02-30) or it is out of range. */
function dayStartMs(text: string): number {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  if (!(year >= 1970 && year <= 2106 && month >= 1 && month <= 12 && day >= 1)) return Number.NaN;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && leap ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
  if (day > days) return Number.NaN;
  const ms = Date.UTC(year, month - 1, day);
  return ms >= FIRST_DAY_MS && ms <= LAST_DAY_MS ? ms : Number.NaN;
}

/** The offset from UTC that starts at `start` and ends the text, in minutes, or NaN. */
function offsetMinutes(text: string, start: number): number {
  const sign = text.charCodeAt(start);
  if (sign === 0x5a /* Z */) return text.length === start + 1 ? 0 : Number.NaN;
  if (sign !== 0x2b && sign !== 0x2d) return Number.NaN;
  if (text.length !== start + 6 || text.charCodeAt(start + 3) !== 0x3a) return Number.NaN;
  const hours = digits(text, start + 1, 2);
  const minutes = digits(text, start + 4, 2);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  const total = hours * 60 + minutes;
  return sign === 0x2d ? -total : total;
}

/**
 * Reads an ISO 8601 time to milliseconds since the epoch. One to nine digits of fraction are accepted; what is finer than
 * a millisecond is cut off, not rounded. Answers `undefined` for everything outside the grammar or range, including a
 * leap second (`:60`), a time without offset and lower-case `t` or `z`.
 */
export function parseIsoMs(text: string): number | undefined {
  if (text.length < 20 || text.length > 35) return undefined;
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d || text.charCodeAt(10) !== 0x54) return undefined;
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return undefined;
  const dayMs = dayStartMs(text);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (Number.isNaN(dayMs) || !(hour <= 23 && minute <= 59 && second <= 59)) return undefined;

  let at = 19;
  let fractionMs = 0;
  if (text.charCodeAt(at) === 0x2e) {
    const first = ++at;
    for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) {
      const place = at - first;
      if (place === 9) return undefined;
      if (place < 3) fractionMs += digit * (place === 0 ? 100 : place === 1 ? 10 : 1);
    }
    if (at === first) return undefined;
  }
  const offset = offsetMinutes(text, at);
  if (Number.isNaN(offset)) return undefined;
  if ((dayMs === FIRST_DAY_MS && offset > 0) || (dayMs === LAST_DAY_MS && offset < 0)) return undefined;
  return dayMs + (hour * 60 + minute - offset) * 60_000 + second * 1000 + fractionMs;
}

/** The latest time the contract accepts, in milliseconds since the epoch. */
export const MAX_TIME_MS = LAST_DAY_MS + DAY_MS - 1;
