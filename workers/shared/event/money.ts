import { z } from "zod";

/**
 * Amounts of money, exact to four decimals. They travel as a decimal string (`"12.50"`) or a JSON number and are held as an
 * integer number of ten-thousandths ("E4"): below 1e15, so a safe integer in which sums of one event are exact.
 */

/** Zero to 99,999,999,999.9999, without sign, exponent or leading zeros. */
export const DECIMAL_PATTERN = "^(?:0|[1-9][0-9]{0,10})(?:\\.[0-9]{1,4})?$";
const DECIMAL = new RegExp(DECIMAL_PATTERN);

/** Amounts are below this. */
export const AMOUNT_LIMIT = 1e11;

/**
 * Converts an amount to ten-thousandths, exactly, or answers `undefined` if it is not one of the contract (negative, too
 * large, more than four decimals, not finite). A number is read from its shortest decimal text, never multiplied: 0.07 is
 * 700, although 0.07 * 10000 is not.
 */
export function toAmountE4(amount: string | number): number | undefined {
  const text = typeof amount === "number" ? String(amount) : amount;
  if (!DECIMAL.test(text)) return undefined;
  const point = text.indexOf(".");
  if (point === -1) return Number(text) * 10_000;
  const fraction = text.slice(point + 1).padEnd(4, "0");
  return Number(text.slice(0, point)) * 10_000 + Number(fraction);
}

/** The canonical decimal text of an amount in ten-thousandths: two decimals, or as many more as it needs. */
export function formatAmountE4(amountE4: number): string {
  const whole = Math.floor(amountE4 / 10_000);
  const fraction = String(amountE4 % 10_000).padStart(4, "0");
  return `${whole}.${fraction.endsWith("00") ? fraction.slice(0, 2) : fraction.replace(/0$/, "")}`;
}

const AMOUNT_RULE = "must be a decimal string or a number, 0 or more, below 1e11, with at most 4 decimals";

/** An amount as it travels. JSON Schema cannot state the four decimals of a *number* exactly; zod refuses more. */
export const AmountSchema = z
  .union(
    [
      z.string().regex(DECIMAL, AMOUNT_RULE),
      z
        .number()
        .min(0, AMOUNT_RULE)
        .lt(AMOUNT_LIMIT, AMOUNT_RULE)
        .refine((amount) => toAmountE4(amount) !== undefined, AMOUNT_RULE),
    ],
    { error: (issue) => (issue.input === undefined ? "is required" : AMOUNT_RULE) },
  )
  .meta({ description: "Amount of money: a decimal string or a number with at most 4 decimals, 0 <= amount < 1e11" });

/** A currency code in the form of ISO 4217. */
export const CurrencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, "must be three capital letters")
  .meta({ description: "Currency in the form of ISO 4217", examples: ["EUR"] });

/** The fields that make a payload one of money. Only these payloads count in revenue and payouts. */
export const moneyFields = { amount: AmountSchema, currency: CurrencySchema };
