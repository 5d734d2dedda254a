import { MAX_TIME_MS, parseIsoMs } from "../time.ts";

const DAY_MS = 86_400_000;
const DAY_LENGTH = 10;
const MINUS = 0x2d;

/** What {@link TimeReader} answers for what it does not accept. */
export const NO_TIME = -1;

/**
 * Reads ISO 8601 times from bytes, with the answers of `parseIsoMs`. Times of one day mostly follow each other, so the day
 * read last is remembered and only the time of day is worked out.
 */
export class TimeReader {
  readonly #day = new Uint8Array(DAY_LENGTH);
  #dayMs = 0;
  #bytes: Uint8Array = this.#day;

  /** The time in `bytes[from, to)`, ms since the epoch; {@link NO_TIME} if it is none. */
  read(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length < 20 || length > 35) return NO_TIME;
    this.#bytes = bytes;
    for (let i = 0; i < DAY_LENGTH; i++) if (bytes[from + i] !== this.#day[i]) return this.#readAnyDay(from, to);
    return this.#readClock(from + DAY_LENGTH, to);
  }

  #readAnyDay(from: number, to: number): number {
    const text = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + from, to - from).toString("latin1");
    const ms = parseIsoMs(text);
    if (ms === undefined) return NO_TIME;
    const dayMs = parseIsoMs(`${text.slice(0, DAY_LENGTH)}T00:00:00Z`) ?? 0;
    // On the first and the last day not every offset is in range.
    if (dayMs > 0 && dayMs + DAY_MS < MAX_TIME_MS) {
      this.#dayMs = dayMs;
      this.#day.set(this.#bytes.subarray(from, from + DAY_LENGTH));
    }
    return ms;
  }

  /** `from` is the index of the T, of a day that is known to exist. */
  #readClock(from: number, to: number): number {
    const hour = this.#twoDigits(from + 1);
    const minute = this.#twoDigits(from + 4);
    const second = this.#twoDigits(from + 7);
    const separated = this.#byte(from) === 0x54 && this.#byte(from + 3) === 0x3a && this.#byte(from + 6) === 0x3a;
    if (!separated || hour > 23 || minute > 59 || second > 59) return NO_TIME;
    let at = from + 9;
    let fractionMs = 0;
    if (this.#byte(at) === 0x2e) {
      const first = ++at;
      for (let weight = 100; this.#digit(at) <= 9; weight = Math.floor(weight / 10))
        fractionMs += this.#digit(at++) * weight;
      if (at === first || at > first + 9) return NO_TIME;
    }
    const offset = this.#offsetMinutes(at, to);
    if (offset === undefined) return NO_TIME;
    return this.#dayMs + (hour * 60 + minute - offset) * 60_000 + second * 1000 + fractionMs;
  }

  #offsetMinutes(at: number, to: number): number | undefined {
    const sign = this.#byte(at);
    if (sign === 0x5a) return at + 1 === to ? 0 : undefined;
    if ((sign !== 0x2b && sign !== MINUS) || at + 6 !== to || this.#byte(at + 3) !== 0x3a) return undefined;
    const hours = this.#twoDigits(at + 1);
    const minutes = this.#twoDigits(at + 4);
    if (hours > 23 || minutes > 59) return undefined;
    return (hours * 60 + minutes) * (sign === MINUS ? -1 : 1);
  }

  #byte(at: number): number {
    return this.#bytes[at] ?? 0;
  }

  /** Above 9 if there is none. */
  #digit(at: number): number {
    const digit = this.#byte(at) - 0x30;
    return digit < 0 ? 100 : digit;
  }

  /** Above 99 if there are none. */
  #twoDigits(at: number): number {
    const tens = this.#digit(at);
    const ones = this.#digit(at + 1);
    return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
  }
}
