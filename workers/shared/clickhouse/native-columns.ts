/**
 * Columns of a block in ClickHouse's Native format, which the server takes over nearly as they are: little-endian fixed
 * widths, strings prefixed by their length as LEB128. Buffers grow and are kept when a block is reset.
 */

const FIRST_ROWS = 256;
/** Shorter texts are copied byte by byte: a call out of the runtime costs more. */
const SHORT_COPY = 40;

/** One column; its bytes are valid until the next write. */
export type NativeColumn = {
  /** The type's name as the block states it. The server converts it to the table's where they differ. */
  readonly type: string;
  readonly byteLength: number;
  /** Writes all values to `target` at `at`. */
  copyTo(target: Buffer, at: number): void;
  reset(): void;
};

/** Bytes that grow by doubling. */
abstract class GrowingColumn implements NativeColumn {
  abstract readonly type: string;
  protected bytes: Buffer;
  protected length = 0;

  constructor(firstBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(firstBytes);
  }

  get byteLength(): number {
    return this.length;
  }

  copyTo(target: Buffer, at: number): void {
    this.bytes.copy(target, at, 0, this.length);
  }

  reset(): void {
    this.length = 0;
  }

  protected reserve(more: number): void {
    if (this.length + more > this.bytes.length) this.#grow(this.length + more);
  }

  #grow(needed: number): void {
    let capacity = this.bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

export class UInt8Column extends GrowingColumn {
  readonly type: string;

  /** @param type `UInt8`, or `Bool`, which is stored alike. */
  constructor(type: "UInt8" | "Bool" = "UInt8") {
    super(FIRST_ROWS);
    this.type = type;
  }

  push(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }
}

/** Whole numbers of 4 or 8 bytes, written as words of 32 bits in the machine's order, which is the format's. */
abstract class WordColumn implements NativeColumn {
  abstract readonly type: string;
  protected words = new Int32Array(FIRST_ROWS);
  protected length = 0;

  get byteLength(): number {
    return this.length * 4;
  }

  copyTo(target: Buffer, at: number): void {
    target.set(new Uint8Array(this.words.buffer, 0, this.byteLength), at);
  }

  reset(): void {
    this.length = 0;
  }

  protected reserve(more: number): void {
    if (this.length + more <= this.words.length) return;
    const grown = new Int32Array(this.words.length * 2);
    grown.set(this.words);
    this.words = grown;
  }
}

export class UInt32Column extends WordColumn {
  readonly type = "UInt32";

  push(value: number): void {
    this.reserve(1);
    this.words[this.length++] = value;
  }

  /** The value of one row. */
  at(row: number): number {
    return (this.words[row] ?? 0) >>> 0;
  }
}

/** Safe integers in 64 bits, two's complement: `Int64`, `UInt64`, and the types stored as one, such as `DateTime64`. */
export class Int64Column extends WordColumn {
  readonly type: string;

  constructor(type: string) {
    super();
    this.type = type;
  }

  push(value: number): void {
    this.reserve(2);
    const high = Math.floor(value / 0x1_0000_0000);
    this.words[this.length] = value - high * 0x1_0000_0000;
    this.words[this.length + 1] = high;
    this.length += 2;
  }

  /** The value of one row. */
  at(row: number): number {
    return ((this.words[2 * row] ?? 0) >>> 0) + (this.words[2 * row + 1] ?? 0) * 0x1_0000_0000;
  }
}

const NIBBLE = new Uint8Array(256);
for (const digit of "0123456789abcdefABCDEF") NIBBLE[digit.charCodeAt(0)] = Number.parseInt(digit, 16);
/** Where the digit pairs of a UUID's text start, in the order of the stored bytes: two little-endian halves. */
const UUID_PAIRS = [16, 14, 11, 9, 6, 4, 2, 0, 34, 32, 30, 28, 26, 24, 21, 19];

export class UuidColumn extends GrowingColumn {
  readonly type = "UUID";

  constructor() {
    super(FIRST_ROWS * 16);
  }

  /** The UUID whose 36 characters start at `text[at]`, of any case. */
  push(text: Uint8Array, at: number): void {
    this.reserve(16);
    for (let i = 0; i < 16; i++) {
      const pair = at + (UUID_PAIRS[i] ?? 0);
      this.bytes[this.length + i] = ((NIBBLE[text[pair] ?? 0] ?? 0) << 4) | (NIBBLE[text[pair + 1] ?? 0] ?? 0);
    }
    this.length += 16;
  }
}

export class StringColumn extends GrowingColumn {
  readonly type = "String";

  constructor() {
    super(FIRST_ROWS * 16);
  }

  push(text: string): void {
    if (text === "") this.pushBytes(this.bytes, 0, 0);
    else {
      const encoded = Buffer.from(text);
      this.pushBytes(encoded, 0, encoded.length);
    }
  }

  /** The bytes `source[from, to)`. */
  pushBytes(source: Buffer, from: number, to: number): void {
    let rest = to - from;
    this.reserve(rest + 5);
    const { bytes } = this;
    let at = this.length;
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    if (to - from > SHORT_COPY) {
      source.copy(bytes, at, from, to);
      at += to - from;
    } else {
      for (let i = from; i < to; i++) bytes[at++] = source[i] ?? 0;
    }
    this.length = at;
  }
}

/** Assembles blocks of columns in a buffer that is reused. */
export class NativeEncoder {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);

  /** One block; the bytes are valid until the next call. */
  encode(columns: readonly (readonly [name: string, column: NativeColumn])[], rows: number): Buffer {
    const header = new StringColumn();
    let total = 20;
    for (const [name, column] of columns) total += column.byteLength + name.length + column.type.length + 10;
    if (this.#bytes.length < total) this.#bytes = Buffer.allocUnsafeSlow(Math.ceil(total * 1.25));
    let at = this.#varint(rows, this.#varint(columns.length, 0));
    for (const [name, column] of columns) {
      header.reset();
      header.push(name);
      header.push(column.type);
      header.copyTo(this.#bytes, at);
      at += header.byteLength;
      column.copyTo(this.#bytes, at);
      at += column.byteLength;
    }
    return this.#bytes.subarray(0, at);
  }

  #varint(value: number, from: number): number {
    let at = from;
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[at++] = (rest & 0x7f) | 0x80;
    this.#bytes[at++] = rest;
    return at;
  }
}
