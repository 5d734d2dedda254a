import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { dayStartS, hourStartS, minuteStartS } from "./minute.ts";

const anyMs = fc.integer({ min: -8.64e15, max: 8.64e15 });
const buckets = [
  ["minute", minuteStartS, 60],
  ["hour", hourStartS, 3600],
  ["day", dayStartS, 86_400],
] as const;

describe.each(buckets)("start of the %s", (_name, startS, lengthS) => {
  test("is a multiple of the length, at or before the time and less than one length before it", () => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        const start = startS(ms);
        expect(Math.abs(start % lengthS)).toBe(0);
        expect(start * 1000).toBeLessThanOrEqual(ms);
        expect(ms - start * 1000).toBeLessThan(lengthS * 1000);
      }),
    );
  });

  test("is its own start", () => {
    fc.assert(fc.property(anyMs, (ms) => startS(startS(ms) * 1000) === startS(ms)));
  });
});

test("edges, also before 1970", () => {
  expect(minuteStartS(59_999)).toBe(0);
  expect(minuteStartS(60_000)).toBe(60);
  expect(minuteStartS(-1)).toBe(-60);
  expect(hourStartS(-1)).toBe(-3600);
  expect(dayStartS(Date.UTC(2026, 10, 20, 23, 59, 59, 999))).toBe(Date.UTC(2026, 10, 20) / 1000);
});

test("agree with the UTC fields of Date", () => {
  fc.assert(
    fc.property(anyMs, (ms) => {
      const date = new Date(ms);
      date.setUTCSeconds(0, 0);
      expect(minuteStartS(ms) * 1000).toBe(date.getTime());
      date.setUTCMinutes(0);
      expect(hourStartS(ms) * 1000).toBe(date.getTime());
      date.setUTCHours(0);
      expect(dayStartS(ms) * 1000).toBe(date.getTime());
    }),
  );
});
