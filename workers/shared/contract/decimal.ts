import type { Scale } from "./columns.ts";

/** A number as JSON writes it. */
const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
/** Further out no decimal that a column holds has a digit. */
const MAX_EXPONENT = 1_000;

/** What {@link readDecimal} answers for a text that is no number, has too many decimals, or is too large. */
export type DecimalProblem = "no number" | "scale" | "range";

/**
 * The exact value of a number's text in units of the last decimal, by its digits: `1.5` at scale 4 is 15000, and so are
 * `1.50000` and `15e-1`. No double is made on the way.
 */
export function readDecimal(text: string, { precision, scale }: Scale): bigint | DecimalProblem {
  const [, sign, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  if (sign === undefined) return "no number";
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return 0n;
  const power = Number(exponent) - fraction.length + scale;
  if (!(Math.abs(power) <= MAX_EXPONENT)) return power > 0 ? "range" : "scale";
  const kept = power < 0 ? digits.slice(0, power) : digits + "0".repeat(power);
  if (power < 0 && !/^0*$/.test(digits.slice(power))) return "scale";
  // Digits that are all cut off and not zero have been refused just now.
  if (kept.length > precision) return "range";
  return BigInt(`${sign}${kept === "" ? "0" : kept}`);
}
