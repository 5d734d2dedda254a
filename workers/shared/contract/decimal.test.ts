import { expect, test } from "bun:test";
import fc from "fast-check";
import { decimalOf, physicalType } from "./columns.ts";
import { readDecimal } from "./decimal.ts";

const AMOUNT = { precision: 18, scale: 4 };

test.each<[string, bigint | string]>([
  ["0", 0n],
  ["-0", 0n],
  ["0.0000000", 0n],
  ["1.5", 15_000n],
  ["1.00000", 10_000n],
  ["-1.2345", -12_345n],
  ["1e3", 10_000_000n],
  ["15E-1", 15_000n],
  ["12345678901234.5678", 123_456_789_012_345_678n],
  ["99999999999999.9999", 999_999_999_999_999_999n],
  ["100000000000000", "range"],
  ["9007199254740993", "range"],
  ["1e14", "range"],
  ["1e400", "range"],
  ["1e999999999999999999999", "range"],
  ["0e999999999999999999999", 0n],
  ["0.00005", "scale"],
  ["1.23456", "scale"],
  ["1e-400", "scale"],
  ["1e-999999999999999999999", "scale"],
  ["01", "no number"],
  ["+1", "no number"],
  ["1.", "no number"],
  [".5", "no number"],
  ["", "no number"],
  ["1 ", "no number"],
  ["NaN", "no number"],
])("%p at scale 4 is %p", (text, expected) => {
  expect(readDecimal(text, AMOUNT)).toBe(expected as bigint);
});

test("2^53 + 1 is exact as an integer", () => {
  expect(readDecimal("9007199254740993", { precision: 18, scale: 0 })).toBe(9_007_199_254_740_993n);
});

test("property: any 18 digits come back, wherever the point and however far the exponent moves it", () => {
  const parts = fc.tuple(fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }), fc.nat(18), fc.nat(40));
  fc.assert(
    fc.property(parts, ([value, scale, shift]) => {
      const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
      const sign = value < 0n ? "-" : "";
      const whole = digits.slice(0, digits.length - scale);
      const fraction = digits.slice(digits.length - scale);
      const plain = `${sign}${whole}${scale === 0 ? "" : `.${fraction}`}`;
      expect(readDecimal(plain, { precision: 18, scale })).toBe(value);
      const moved = `${plain}${scale === 0 ? "." : ""}${"0".repeat(shift + (scale === 0 ? 1 : 0))}e0`;
      expect(readDecimal(moved, { precision: 18, scale })).toBe(value);
      expect(readDecimal(`${value}e-${scale}`, { precision: 18, scale })).toBe(value);
    }),
  );
});

test("declared types and the store's", () => {
  expect(decimalOf("decimal(9,2)")).toEqual({ precision: 9, scale: 2 });
  expect(decimalOf("string")).toBeUndefined();
  expect(physicalType("amount", "decimal(18,4)")).toBe("Decimal(18, 4)");
  expect(physicalType("price", "decimal(18,4)")).toBe("Nullable(Decimal(18, 4))");
  expect(
    (["keyword", "string", "int64", "bool", "timestamp", "float64"] as const).map((t) => physicalType("x", t)),
  ).toEqual([
    "LowCardinality(String)",
    "String",
    "Nullable(Int64)",
    "Nullable(Bool)",
    "Nullable(DateTime64(3, 'UTC'))",
    "Nullable(Float64)",
  ]);
});
