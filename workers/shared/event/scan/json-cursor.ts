/** What a byte means inside a JSON string. */
const ORDINARY = 0;
const QUOTE = 1;
const BACKSLASH = 2;
const NON_ASCII = 3;
const FORBIDDEN = 4;

const IN_STRING = new Uint8Array(256);
IN_STRING.fill(FORBIDDEN, 0, 0x20);
IN_STRING.fill(NON_ASCII, 0x80);
IN_STRING[0x22] = QUOTE;
IN_STRING[0x5c] = BACKSLASH;

const HEX = new Uint8Array(256);
for (const digit of "0123456789abcdefABCDEF") HEX[digit.charCodeAt(0)] = 1;
const ESCAPED = new Uint8Array(256);
for (const letter of '"\\/bfnrt') ESCAPED[letter.charCodeAt(0)] = 1;

const SPACE = new Uint8Array(256);
for (const space of " \n\r\t") SPACE[space.charCodeAt(0)] = 1;

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");

/** Deeper nesting is left to `JSON.parse`. */
const MAX_DEPTH = 32;
/** What {@link JsonCursor} answers for bytes that it does not accept. */
export const REFUSED = -1;

/**
 * Walks over JSON text as bytes, checking the grammar of RFC 8259 without making a value of anything. Every method takes the
 * index at which to look and answers the index after what it found, or {@link REFUSED}. Encoding is not checked: whoever
 * meets `nonAscii` must still make sure that the bytes are UTF-8.
 */
export class JsonCursor {
  #bytes: Uint8Array = NULL;
  /** A byte beyond ASCII was met since {@link start}. */
  nonAscii = false;
  /** An escape sequence was met in the string skipped last. */
  escaped = false;
  /** The number skipped last has neither fraction nor exponent. */
  integer = false;
  /** The number skipped last has an exponent. */
  exponent = false;

  start(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.nonAscii = false;
  }

  /** The byte at an index; 0 beyond the end, which is no byte of JSON text outside strings, and forbidden in them. */
  byte(at: number): number {
    return at < this.#bytes.length ? (this.#bytes[at] as number) : 0;
  }

  skipSpace(from: number): number {
    let at = from;
    // Most often there is none.
    while (this.byte(at) <= 0x20 && SPACE[this.byte(at)] === 1) at++;
    return at;
  }

  /** `from` is the index of the opening quote. */
  skipString(from: number): number {
    const bytes = this.#bytes;
    this.escaped = false;
    let at = from + 1;
    for (;;) {
      while (at < bytes.length && IN_STRING[bytes[at] as number] === ORDINARY) at++;
      switch (IN_STRING[this.byte(at)]) {
        case QUOTE:
          return at + 1;
        case NON_ASCII:
          this.nonAscii = true;
          at++;
          break;
        case BACKSLASH:
          this.escaped = true;
          at = this.#skipEscape(at);
          if (at === REFUSED) return REFUSED;
          break;
        default:
          return REFUSED;
      }
    }
  }

  #skipEscape(at: number): number {
    const letter = this.byte(at + 1);
    if (ESCAPED[letter] === 1) return at + 2;
    if (letter !== 0x75) return REFUSED;
    for (let digit = at + 2; digit < at + 6; digit++) if (HEX[this.byte(digit)] !== 1) return REFUSED;
    return at + 6;
  }

  skipNumber(from: number): number {
    let at = this.byte(from) === 0x2d ? from + 1 : from;
    this.integer = true;
    this.exponent = false;
    const first = at;
    at = this.#skipDigits(at);
    if (at === first || (at > first + 1 && this.byte(first) === 0x30)) return REFUSED;
    if (this.byte(at) === 0x2e) {
      this.integer = false;
      const fraction = at + 1;
      at = this.#skipDigits(fraction);
      if (at === fraction) return REFUSED;
    }
    if ((this.byte(at) | 0x20) === 0x65) {
      this.integer = false;
      this.exponent = true;
      const sign = this.byte(at + 1);
      const power = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
      at = this.#skipDigits(power);
      if (at === power) return REFUSED;
    }
    return at;
  }

  #skipDigits(from: number): number {
    let at = from;
    for (let byte = this.byte(at); byte >= 0x30 && byte <= 0x39; byte = this.byte(at)) at++;
    return at;
  }

  /** Any value. */
  skipValue(from: number, depth = 0): number {
    switch (this.byte(from)) {
      case 0x22:
        return this.skipString(from);
      case 0x7b:
        return depth < MAX_DEPTH ? this.#skipObject(from, depth + 1) : REFUSED;
      case 0x5b:
        return depth < MAX_DEPTH ? this.#skipArray(from, depth + 1) : REFUSED;
      case 0x74:
        return this.matches(from, TRUE) ? from + 4 : REFUSED;
      case 0x66:
        return this.matches(from, FALSE) ? from + 5 : REFUSED;
      case 0x6e:
        return this.matches(from, NULL) ? from + 4 : REFUSED;
      default:
        return this.skipNumber(from);
    }
  }

  #skipObject(from: number, depth: number): number {
    let at = this.skipSpace(from + 1);
    if (this.byte(at) === 0x7d) return at + 1;
    for (;;) {
      if (this.byte(at) !== 0x22) return REFUSED;
      at = this.skipColon(this.skipString(at));
      if (at === REFUSED) return REFUSED;
      at = this.skipValue(at, depth);
      if (at === REFUSED) return REFUSED;
      at = this.skipSpace(at);
      const byte = this.byte(at);
      if (byte === 0x7d) return at + 1;
      if (byte !== 0x2c) return REFUSED;
      at = this.skipSpace(at + 1);
    }
  }

  #skipArray(from: number, depth: number): number {
    let at = this.skipSpace(from + 1);
    if (this.byte(at) === 0x5d) return at + 1;
    for (;;) {
      at = this.skipValue(at, depth);
      if (at === REFUSED) return REFUSED;
      at = this.skipSpace(at);
      const byte = this.byte(at);
      if (byte === 0x5d) return at + 1;
      if (byte !== 0x2c) return REFUSED;
      at = this.skipSpace(at + 1);
    }
  }

  /** The start of the value after a key that ends at `from`; takes {@link REFUSED} for an answer to itself. */
  skipColon(from: number): number {
    if (from === REFUSED) return REFUSED;
    const at = this.skipSpace(from);
    return this.byte(at) === 0x3a ? this.skipSpace(at + 1) : REFUSED;
  }

  /** Whether the bytes at `from` are those of `text`. */
  matches(from: number, text: Uint8Array): boolean {
    const bytes = this.#bytes;
    if (from + text.length > bytes.length) return false;
    for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text[i]) return false;
    return true;
  }
}
