import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AmountSchema, DECIMAL_PATTERN, formatAmountE4, toAmountE4 } from "./money.ts";

const amountE4 = fc.integer({ min: 0, max: 999_999_999_999_999 });

describe("amounts", () => {
  test("text of every amount comes back exactly", () => {
    fc.assert(
      fc.property(amountE4, (e4) => toAmountE4(formatAmountE4(e4)) === e4),
      { numRuns: 5000 },
    );
  });

  test("a number of four decimals comes back exactly", () => {
    // JSON.parse of the decimal text is the number a client's "0.07" becomes.
    fc.assert(
      fc.property(amountE4, (e4) => toAmountE4(JSON.parse(formatAmountE4(e4))) === e4),
      { numRuns: 5000 },
    );
  });

  const exact: [string | number, number][] = [
    ["12.50", 125_000],
    ["0", 0],
    ["0.0001", 1],
    ["99999999999.9999", 999_999_999_999_999],
    [0.07, 700],
    [0.29, 2900],
    [1.1, 11_000],
    [-0, 0],
    [0.0001, 1],
    [99_999_999_999.9999, 999_999_999_999_999],
  ];
  test.each(exact)("reads %p", (amount, e4) => {
    expect(toAmountE4(amount)).toBe(e4);
    expect(AmountSchema.safeParse(amount).success).toBe(true);
  });

  const refused = [
    "",
    " 1",
    "1 ",
    "+1",
    "-1",
    "-0",
    "1e3",
    "1.",
    ".5",
    "01",
    "1.00000",
    "100000000000",
    "1,5",
    "NaN",
    "Infinity",
    "0x10",
    "1\n",
    -1,
    1e11,
    1e21,
    1e-7,
    0.00001,
    12.34567,
    0.1 + 0.2,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
  ];
  test.each(refused)("refuses %p", (amount) => {
    expect(toAmountE4(amount)).toBeUndefined();
    expect(AmountSchema.safeParse(amount).success).toBe(false);
  });

  test("formats with two decimals, or as many more as needed", () => {
    expect([125_000, 1, 0, 10_010, 12_345].map(formatAmountE4)).toEqual(["12.50", "0.0001", "0.00", "1.001", "1.2345"]);
    fc.assert(fc.property(amountE4, (e4) => new RegExp(DECIMAL_PATTERN).test(formatAmountE4(e4))));
  });
});
