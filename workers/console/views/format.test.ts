import { expect, test } from "bun:test";
import * as format from "./format.ts";

test("durations, sizes, shares", () => {
  expect([420, 12_345, 423_000, 11_520_000, 187_200_000].map(format.formatDuration)).toEqual([
    "0.42 s",
    "12 s",
    "7 min 3 s",
    "3 h 12 min",
    "2 d 4 h",
  ]);
  expect([0, 999, 1_000, 1_400_000, 2.5e15].map(format.formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "1.4 MB",
    "2.5 PB",
  ]);
  expect([format.formatShare(1, 3), format.formatShare(0, 0)]).toEqual(["33.3 %", "0 %"]);
});

test("money keeps every digit", () => {
  expect(["0", "0.0000", "1234.5000", "-12345678901234567890.1234", "0.0001"].map(format.formatMoney)).toEqual([
    "0.00",
    "0.00",
    "1,234.50",
    "-12,345,678,901,234,567,890.1234",
    "0.0001",
  ]);
});

test("only http addresses become links", () => {
  expect(format.safeHref("https://example.test/a?b=c")).toBe("https://example.test/a?b=c");
  for (const bad of [
    "javascript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,x",
    "//example.test",
    "",
    "JaVaScRiPt:1",
  ]) {
    expect(format.safeHref(bad)).toBeUndefined();
  }
});

test("times are UTC, and short when they are of today", () => {
  const at = Date.UTC(2026, 4, 1, 9, 5, 7);
  expect(format.formatTime(at)).toBe("2026-05-01 09:05:07");
  expect(format.formatMinute(at, at + 3_600_000)).toBe("09:05");
  expect(format.formatMinute(at, at + 86_400_000)).toBe("05-01 09:05");
  expect([format.toField(at), format.toField(undefined)]).toEqual(["2026-05-01 09:05:07", ""]);
});

test("query strings leave out what is empty", () => {
  expect(format.queryString({ a: "x&y", b: "", c: undefined, d: 0 })).toBe("?a=x%26y&d=0");
  expect(format.queryString({})).toBe("");
});
