import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ISO_TIME_PATTERN, MAX_TIME_MS, parseIsoMs } from "./time.ts";

const pattern = new RegExp(ISO_TIME_PATTERN, "u");
const two = (value: number): string => String(value).padStart(2, "0");

/** Times in range, at least a day from its ends, so that any offset may be written. */
const innerMs = fc.integer({ min: 86_400_000, max: MAX_TIME_MS - 86_400_000 });

describe("parseIsoMs", () => {
  test("agrees with Date for every time in range", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_TIME_MS }), (ms) => parseIsoMs(new Date(ms).toISOString()) === ms),
      { numRuns: 5000 },
    );
  });

  test("takes offsets off", () => {
    fc.assert(
      fc.property(innerMs, fc.integer({ min: -1439, max: 1439 }), (ms, offset) => {
        const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
        const sign = offset < 0 ? "-" : "+";
        const size = Math.abs(offset);
        return parseIsoMs(`${local}${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`) === ms;
      }),
      { numRuns: 2000 },
    );
  });

  test("cuts off what is finer than a millisecond", () => {
    expect(parseIsoMs("2025-07-30T12:00:00.1239999Z")).toBe(Date.UTC(2025, 6, 30, 12, 0, 0, 123));
    expect(parseIsoMs("2025-07-30T12:00:00.999999999Z")).toBe(Date.UTC(2025, 6, 30, 12, 0, 0, 999));
    expect(parseIsoMs("2025-07-30T12:00:00.5Z")).toBe(Date.UTC(2025, 6, 30, 12, 0, 0, 500));
  });

  const refused = [
    "2025-07-30T12:00:60Z",
    "2016-12-31T23:59:60Z",
    "2025-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2025-04-31T00:00:00Z",
    "2025-13-01T00:00:00Z",
    "2025-00-10T00:00:00Z",
    "2025-01-00T00:00:00Z",
    "2025-07-30T24:00:00Z",
    "2025-07-30T12:60:00Z",
    "2025-07-30T12:00:00",
    "2025-07-30T12:00:00z",
    "2025-07-30t12:00:00Z",
    "2025-07-30 12:00:00Z",
    "2025-07-30T12:00Z",
    "2025-07-30T12:00:00.Z",
    "2025-07-30T12:00:00,5Z",
    "2025-07-30T12:00:00.1234567890Z",
    "2025-07-30T12:00:00+0000",
    "2025-07-30T12:00:00+24:00",
    "2025-07-30T12:00:00+00:60",
    "2025-07-30T12:00:00Z ",
    "2025-07-30T12:00:00Z\n",
    " 2025-07-30T12:00:00Z",
    "+002025-07-30T12:00:00Z",
    "20250730T120000Z",
    "1753876800",
    "1753876800000",
    "",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:30:00+01:00",
    "2106-02-06T23:30:00-01:00",
    "2106-02-07T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "２025-07-30T12:00:00Z",
  ];
  test.each(refused)("refuses %p", (text) => {
    expect(parseIsoMs(text)).toBeUndefined();
    expect(pattern.test(text)).toBe(false);
  });

  const accepted: [string, number][] = [
    ["1970-01-01T00:00:00Z", 0],
    ["1970-01-01T00:00:00+00:00", 0],
    ["1970-01-01T00:00:00-23:59", 86_340_000],
    ["2024-02-29T12:00:00Z", Date.UTC(2024, 1, 29, 12)],
    ["2000-02-29T12:00:00-00:00", Date.UTC(2000, 1, 29, 12)],
    ["2106-02-06T23:59:59.999Z", MAX_TIME_MS],
    ["2106-02-06T23:59:59.999-00:00", MAX_TIME_MS],
  ];
  test.each(accepted)("reads %p", (text, ms) => {
    expect(parseIsoMs(text)).toBe(ms);
    expect(pattern.test(text)).toBe(true);
  });

  test("the pattern accepts exactly what the parser accepts", () => {
    const near = fc.record({
      year: fc.constantFrom("1969", "1970", "1972", "2000", "2023", "2024", "2100", "2104", "2105", "2106", "2107"),
      month: fc.integer({ min: 0, max: 13 }).map(two),
      day: fc.integer({ min: 0, max: 32 }).map(two),
      clock: fc.constantFrom("00:00:00", "23:59:59", "24:00:00", "12:60:00", "12:00:60", "06:28:16"),
      fraction: fc.constantFrom("", ".1", ".123", ".123456789", ".1234567890", "."),
      offset: fc.constantFrom("Z", "z", "", "+00:00", "-00:00", "+00:01", "-00:01", "+23:59", "-23:59", "+24:00"),
    });
    fc.assert(
      fc.property(near, ({ year, month, day, clock, fraction, offset }) => {
        const text = `${year}-${month}-${day}T${clock}${fraction}${offset}`;
        return pattern.test(text) === (parseIsoMs(text) !== undefined);
      }),
      { numRuns: 20_000 },
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[-0-9TZ:.+]{15,36}$/), (text) => {
        return pattern.test(text) === (parseIsoMs(text) !== undefined);
      }),
    );
    // Every day of the range, and those around it.
    for (let ms = -5 * 86_400_000; ms < MAX_TIME_MS + 5 * 86_400_000; ms += 86_400_000) {
      const text = new Date(ms).toISOString();
      const inRange = ms >= 0 && ms <= MAX_TIME_MS;
      if (pattern.test(text) !== inRange || (parseIsoMs(text) === ms) !== inRange) throw new Error(text);
    }
  });
});
