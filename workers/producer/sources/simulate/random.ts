/** Seeded randomness: the same seed text gives the same sequence on every machine. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(byte: number): string {
  return HEX[byte & 0xff] ?? "";
}

/** The sfc32 generator: 128 bits of state, fast, no observable bias. Not for secrets. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    const first = Bun.hash.xxHash64(seed, 1n);
    const second = Bun.hash.xxHash64(seed, 2n);
    this.#a = Number(first & 0xffff_ffffn) | 0;
    this.#b = Number(first >> 32n) | 0;
    this.#c = Number(second & 0xffff_ffffn) | 0;
    // The counter takes the remaining seed bits, so that 128 of them select the sequence.
    this.#counter = Number(second >> 32n) | 0;
    for (let i = 0; i < 15; i++) this.uint32();
  }

  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number from 0 up to, not including, 1. */
  fraction(): number {
    return this.uint32() / 4_294_967_296;
  }

  /** Whether something of this probability (0 to 1) happens. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** A number of the half-open range. */
  between(from: number, to: number): number {
    return from + this.fraction() * (to - from);
  }

  /** An exponentially distributed number with this mean: the time to the next of independent arrivals. */
  exponential(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean;
  }

  /** One of the items; throws a RangeError if there are none. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** A UUID of version 4 in lower case. */
  uuid(): string {
    const a = this.uint32();
    const b = this.uint32();
    const c = this.uint32();
    const d = this.uint32();
    const version = 0x40 | ((b >>> 8) & 0x0f);
    const variant = 0x80 | ((c >>> 24) & 0x3f);
    const first = hex(a >>> 24) + hex(a >>> 16) + hex(a >>> 8) + hex(a);
    const second = `${hex(b >>> 24)}${hex(b >>> 16)}-${hex(version)}${hex(b)}`;
    const third = `${hex(variant)}${hex(c >>> 16)}-${hex(c >>> 8)}${hex(c)}`;
    return `${first}-${second}-${third}${hex(d >>> 24)}${hex(d >>> 16)}${hex(d >>> 8)}${hex(d)}`;
  }
}
