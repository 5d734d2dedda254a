/**
 * Writes values in ClickHouse's RowBinary format (little-endian, strings prefixed by their length as LEB128) into a
 * buffer that grows and is reused between batches.
 */
export class RowBinaryWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;
  readonly #encoder = new TextEncoder();

  constructor(initialBytes = 64 * 1024) {
    this.#bytes = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written since the last reset. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written; the buffer is kept. */
  reset(): void {
    this.#length = 0;
  }

  /** A view of what was written, valid until the next write or reset. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** A non-negative safe integer as UInt64, or any safe integer as Int64 (two's complement). */
  int64(value: number): void {
    this.#reserve(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.#view.setUint32(this.#length, value - high * 0x1_0000_0000, true);
    this.#view.setInt32(this.#length + 4, high, true);
    this.#length += 8;
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
  }

  string(text: string): void {
    // UTF-8 takes at most three bytes per UTF-16 unit; the length prefix at most five.
    this.#reserve(5 + text.length * 3);
    if (text.length < 0x80 / 3) {
      const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(this.#length + 1));
      this.#bytes[this.#length] = written;
      this.#length += 1 + written;
      return;
    }
    const encoded = this.#encoder.encode(text);
    this.#varint(encoded.length);
    this.#bytes.set(encoded, this.#length);
    this.#length += encoded.length;
  }

  /** Raw bytes as a String value. */
  blob(value: Uint8Array): void {
    this.#reserve(5 + value.length);
    this.#varint(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    let capacity = this.#bytes.length;
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
