import { type JsonCursor, REFUSED } from "./json-cursor.ts";
import type { EventRule, FieldCheck, FieldRule } from "./payload-rules.ts";

const PROTO = Buffer.from("__proto__");
/** Integers of at most this many digits are safe. */
const SAFE_DIGITS = 15;
/** Numbers of at most this many characters without exponent are finite. */
const FINITE_LENGTH = 300;
/** Digits before and after the point of an amount; together few enough that a number has the same digits as its text. */
const AMOUNT_WHOLE = 11;
const AMOUNT_FRACTION = 4;

/** Checks a payload by the rule of its event type, and finds the money in it. */
export class PayloadScanner {
  readonly #cursor: JsonCursor;
  /** Ten-thousandths, of the payload scanned last; 0 if it has none. */
  amountE4 = 0;
  /** Index of the three letters of the currency; 0 if the payload scanned last has none. */
  currencyAt = 0;

  constructor(cursor: JsonCursor) {
    this.#cursor = cursor;
  }

  /** Forgets the payload scanned last. */
  reset(): void {
    this.amountE4 = 0;
    this.currencyAt = 0;
  }

  /** The index after the object that starts at `from`, or {@link REFUSED}. */
  scan(from: number, rule: EventRule): number {
    const cursor = this.#cursor;
    let seen = 0;
    let at = cursor.skipSpace(from + 1);
    if (cursor.byte(from) !== 0x7b) return REFUSED;
    if (cursor.byte(at) === 0x7d) return rule.requiredFields === 0 ? at + 1 : REFUSED;
    for (;;) {
      const keyAt = at + 1;
      if (cursor.byte(at) !== 0x22) return REFUSED;
      at = cursor.skipString(at);
      // A key in disguise is not worth the trouble.
      if (at === REFUSED || cursor.escaped) return REFUSED;
      const keyLength = at - 1 - keyAt;
      at = cursor.skipColon(at);
      if (at === REFUSED) return REFUSED;
      const index = this.#findField(rule.fields, keyAt, keyLength);
      if (index < 0) {
        if (keyLength === PROTO.length && cursor.matches(keyAt, PROTO)) return REFUSED;
        at = cursor.skipValue(at);
      } else {
        const bit = 1 << index;
        const check = rule.fields[index]?.check;
        // Of a key that occurs twice the last one counts.
        if ((seen & bit) !== 0 || check === undefined) return REFUSED;
        seen |= bit;
        at = this.#scanField(at, check);
      }
      if (at === REFUSED) return REFUSED;
      at = cursor.skipSpace(at);
      const byte = cursor.byte(at);
      if (byte === 0x7d) return (seen & rule.requiredFields) === rule.requiredFields ? at + 1 : REFUSED;
      if (byte !== 0x2c) return REFUSED;
      at = cursor.skipSpace(at + 1);
    }
  }

  #findField(fields: readonly FieldRule[], at: number, length: number): number {
    for (let i = 0; i < fields.length; i++) {
      const name = fields[i]?.name;
      if (name !== undefined && name.length === length && this.#cursor.matches(at, name)) return i;
    }
    return -1;
  }

  #scanField(from: number, check: FieldCheck): number {
    switch (check.kind) {
      case "string":
        return this.#scanString(from);
      case "number":
        return this.#scanNumber(from);
      case "integer":
        return this.#scanInteger(from, check.min);
      case "integers":
        return this.#scanIntegers(from, check.min);
      case "one_of":
        return this.#scanOneOf(from, check.options);
      case "amount":
        return this.#scanAmount(from);
      case "currency":
        return this.#scanCurrency(from);
    }
  }

  #scanString(from: number): number {
    return this.#cursor.byte(from) === 0x22 ? this.#cursor.skipString(from) : REFUSED;
  }

  #scanNumber(from: number): number {
    const to = this.#cursor.skipNumber(from);
    return this.#cursor.exponent || to - from > FINITE_LENGTH ? REFUSED : to;
  }

  #scanInteger(from: number, min: number): number {
    const cursor = this.#cursor;
    const to = cursor.skipNumber(from);
    const negative = cursor.byte(from) === MINUS;
    const first = negative ? from + 1 : from;
    if (to === REFUSED || !cursor.integer || to - first > SAFE_DIGITS) return REFUSED;
    const value = this.#digits(first, to);
    return (negative ? -value : value) >= min ? to : REFUSED;
  }

  #scanIntegers(from: number, min: number): number {
    const cursor = this.#cursor;
    if (cursor.byte(from) !== 0x5b) return REFUSED;
    let at = cursor.skipSpace(from + 1);
    if (cursor.byte(at) === 0x5d) return at + 1;
    for (;;) {
      at = this.#scanInteger(at, min);
      if (at === REFUSED) return REFUSED;
      at = cursor.skipSpace(at);
      const byte = cursor.byte(at);
      if (byte === 0x5d) return at + 1;
      if (byte !== 0x2c) return REFUSED;
      at = cursor.skipSpace(at + 1);
    }
  }

  #scanOneOf(from: number, options: readonly Uint8Array[]): number {
    const to = this.#scanString(from);
    if (to === REFUSED || this.#cursor.escaped) return REFUSED;
    const length = to - from - 2;
    for (const option of options) {
      if (option.length === length && this.#cursor.matches(from + 1, option)) return to;
    }
    return REFUSED;
  }

  /** A number, or the same text as a string. */
  #scanAmount(from: number): number {
    const cursor = this.#cursor;
    const quoted = cursor.byte(from) === 0x22;
    const first = quoted ? from + 1 : from;
    // The grammar of numbers in JSON is that of amounts, but for sign and exponent.
    const to = cursor.skipNumber(first);
    if (to === REFUSED || cursor.exponent || cursor.byte(first) === MINUS) return REFUSED;
    if (quoted && cursor.byte(to) !== 0x22) return REFUSED;
    let point = first;
    while (point < to && cursor.byte(point) !== POINT) point++;
    const decimals = Math.max(0, to - point - 1);
    if (point - first > AMOUNT_WHOLE || decimals > AMOUNT_FRACTION) return REFUSED;
    const fraction = this.#digits(point + 1, to) * (FRACTION_SCALE[decimals] ?? 0);
    this.amountE4 = this.#digits(first, point) * 10_000 + fraction;
    return quoted ? to + 1 : to;
  }

  #scanCurrency(from: number): number {
    const cursor = this.#cursor;
    if (cursor.byte(from) !== 0x22 || cursor.byte(from + 4) !== 0x22) return REFUSED;
    for (let at = from + 1; at < from + 4; at++) {
      const letter = cursor.byte(at);
      if (letter < 0x41 || letter > 0x5a) return REFUSED;
    }
    this.currencyAt = from + 1;
    return from + 5;
  }

  #digits(from: number, to: number): number {
    let value = 0;
    for (let at = from; at < to; at++) value = value * 10 + this.#cursor.byte(at) - 0x30;
    return value;
  }
}

const MINUS = 0x2d;
const POINT = 0x2e;
/** What makes ten-thousandths of a fraction of so many digits. */
const FRACTION_SCALE = [0, 1_000, 100, 10, 1];
