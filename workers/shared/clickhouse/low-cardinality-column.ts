import type { NativeColumn } from "./native-columns.ts";

/** How the dictionary is sent: keys of this block alone, and only those. */
const KEYS_VERSION = 1;
const OWN_KEYS = 0x600;
const FIRST_ROWS = 4_096;
const FIRST_KEYS = 64;
const FIRST_KEY_BYTES = 2_048;
/** Slots for each key that there is room for, so that few collide. */
const SLOTS_PER_KEY = 4;
/** A dictionary that grew beyond this is not kept for the next block: one with so many values may never come again. */
const KEPT_KEYS = 16_384;
const KEPT_KEY_BYTES = 1_048_576;

type Indexes = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * A `LowCardinality(String)` column as ClickHouse's Native format has it: each distinct value once, and a number for every
 * row. Sent as plain strings, the server would have to look every one of them up.
 */
export class LowCardinalityColumn implements NativeColumn {
  readonly type = "LowCardinality(String)";
  /** The keys one after the other; key `n` ends at `#ends[n]`. */
  #keys = Buffer.allocUnsafeSlow(FIRST_KEY_BYTES);
  #ends = new Uint32Array(FIRST_KEYS);
  #count = 0;
  /** By hash: the number of a key and one, 0 for none. */
  #slots = new Uint32Array(FIRST_KEYS * SLOTS_PER_KEY);
  /** Kept for the next block: it nearly always suffices. */
  #bytes = new Uint8Array(FIRST_ROWS);
  #indexes: Indexes = this.#bytes;
  #rows = 0;

  get byteLength(): number {
    return this.#keyBytes + this.#rows * this.#indexes.BYTES_PER_ELEMENT;
  }

  get #keyBytes(): number {
    return this.#count === 0 ? 0 : (this.#ends[this.#count - 1] ?? 0);
  }

  push(text: string): void {
    const encoded = Buffer.from(text);
    this.pushBytes(encoded, 0, encoded.length);
  }

  /** The bytes `source[from, to)`. */
  pushBytes(source: Uint8Array, from: number, to: number): void {
    if (this.#rows === this.#indexes.length) this.#growRows(this.#indexes.BYTES_PER_ELEMENT);
    // Looked up first: a new key may widen the indexes.
    const key = this.#keyOf(source, from, to);
    this.#indexes[this.#rows++] = key;
  }

  views(): Uint8Array[] {
    const indexes = new Uint8Array(this.#indexes.buffer, 0, this.#rows * this.#indexes.BYTES_PER_ELEMENT);
    const width = Math.log2(this.#indexes.BYTES_PER_ELEMENT);
    const head = words(KEYS_VERSION, OWN_KEYS | width, this.#count);
    return [head, this.#dictionary(), words(this.#rows), indexes];
  }

  select(rows: readonly number[]): Uint8Array[] {
    const selected = new LowCardinalityColumn();
    for (const row of rows) {
      if (row >= this.#rows) throw new RangeError(`no row ${row}`);
      const key = this.#indexes[row] ?? 0;
      selected.pushBytes(this.#keys, this.#startOf(key), this.#ends[key] ?? 0);
    }
    return selected.views();
  }

  reset(): void {
    if (this.#count > KEPT_KEYS || this.#keys.length > KEPT_KEY_BYTES) this.#forgetSizes();
    else this.#slots.fill(0);
    this.#count = 0;
    this.#rows = 0;
    this.#indexes = this.#bytes;
  }

  #forgetSizes(): void {
    this.#keys = Buffer.allocUnsafeSlow(FIRST_KEY_BYTES);
    this.#ends = new Uint32Array(FIRST_KEYS);
    this.#slots = new Uint32Array(FIRST_KEYS * SLOTS_PER_KEY);
  }

  #startOf(key: number): number {
    return key === 0 ? 0 : (this.#ends[key - 1] ?? 0);
  }

  /** The number of a key, which may be new. */
  #keyOf(source: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(source, from, to) & mask;
    for (;;) {
      const found = this.#slots[slot] ?? 0;
      if (found === 0) break;
      if (this.#isKey(found - 1, source, from, to)) return found - 1;
      slot = (slot + 1) & mask;
    }
    return this.#addKey(slot, source, from, to);
  }

  #isKey(key: number, source: Uint8Array, from: number, to: number): boolean {
    const start = this.#startOf(key);
    if ((this.#ends[key] ?? 0) - start !== to - from) return false;
    const keys = this.#keys;
    for (let i = from, at = start; i < to; i++, at++) if (keys[at] !== source[i]) return false;
    return true;
  }

  #addKey(slot: number, source: Uint8Array, from: number, to: number): number {
    const start = this.#keyBytes;
    const end = start + to - from;
    if (end > this.#keys.length) this.#keys = grownBuffer(this.#keys, end);
    this.#keys.set(source.subarray(from, to), start);
    const key = this.#count++;
    if (key === this.#ends.length) this.#growKeys();
    this.#ends[key] = end;
    this.#slots[slot] = key + 1;
    if (this.#count * SLOTS_PER_KEY > this.#slots.length * 2) this.#rehash();
    if (key === 0x100) this.#growRows(2);
    if (key === 0x1_0000) this.#growRows(4);
    return key;
  }

  #growKeys(): void {
    const ends = new Uint32Array(this.#ends.length * 2);
    ends.set(this.#ends);
    this.#ends = ends;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let key = 0; key < this.#count; key++) {
      let slot = hashOf(this.#keys, this.#startOf(key), this.#ends[key] ?? 0) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = key + 1;
    }
  }

  /** Room for as many rows again, each in so many bytes. */
  #growRows(width: number): void {
    const length = this.#indexes.length * (this.#rows === this.#indexes.length ? 2 : 1);
    const grown =
      width === 1 ? new Uint8Array(length) : width === 2 ? new Uint16Array(length) : new Uint32Array(length);
    grown.set(this.#indexes.subarray(0, this.#rows));
    this.#indexes = grown;
    if (grown instanceof Uint8Array) this.#bytes = grown;
  }

  /** The keys as strings with their lengths before them. */
  #dictionary(): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(this.#keyBytes + 5 * this.#count);
    let at = 0;
    for (let key = 0; key < this.#count; key++) {
      const start = this.#startOf(key);
      const end = this.#ends[key] ?? 0;
      let rest = end - start;
      for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
      bytes[at++] = rest;
      bytes.set(this.#keys.subarray(start, end), at);
      at += end - start;
    }
    return bytes.subarray(0, at);
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

function grownBuffer(old: Buffer<ArrayBuffer>, bytes: number): Buffer<ArrayBuffer> {
  const grown = Buffer.allocUnsafeSlow(Math.max(old.length * 2, bytes));
  grown.set(old);
  return grown;
}

/** Whole numbers of 64 bits. */
function words(...values: number[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
}
