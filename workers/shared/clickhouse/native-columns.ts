/**
 * Columns of a block in ClickHouse's Native format, which the server takes over nearly as they are: little-endian fixed
 * widths, strings prefixed by their length as LEB128. Values are written into chunks that are kept when a block is reset:
 * nothing is ever copied because it has grown, and what is held is what was written.
 */

const CHUNK_BYTES = 131_072;
/** The first chunk: a block of a few late events of another day costs no more. Holds a whole number of any fixed width. */
const FIRST_BYTES = 4_096;
/** Shorter texts are copied byte by byte: a call out of the runtime costs more. */
const SHORT_COPY = 40;

/** One column; its bytes are valid until the next write. */
export type NativeColumn = {
  /** The type's name as the block states it. The server converts it to the table's where they differ. */
  readonly type: string;
  readonly byteLength: number;
  /** All values, in pieces. */
  views(): Uint8Array[];
  /** The values of some rows, whose numbers must ascend, in pieces. @throws RangeError for a row that there is not. */
  select(rows: readonly number[]): Uint8Array[];
  reset(): void;
};

/** Bytes in chunks; a value is never split between two. */
abstract class ByteColumn implements NativeColumn {
  abstract readonly type: string;
  readonly #first = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** The chunk that is being written, from `at` on. */
  protected chunk: Buffer = this.#first;
  protected at = 0;
  readonly #full: Uint8Array[] = [];
  #fullBytes = 0;
  readonly #spare: Buffer[] = [];

  get byteLength(): number {
    return this.#fullBytes + this.at;
  }

  views(): Uint8Array[] {
    return [...this.#full, this.chunk.subarray(0, this.at)];
  }

  abstract select(rows: readonly number[]): Uint8Array[];

  reset(): void {
    for (const { buffer } of this.#full) this.#keep(Buffer.from(buffer));
    this.#keep(this.chunk);
    this.chunk = this.#first;
    this.at = 0;
    this.#full.length = 0;
    this.#fullBytes = 0;
  }

  /** Makes room for a value of at most so many bytes. */
  protected reserve(bytes: number): void {
    if (this.at + bytes > this.chunk.length) this.#next(bytes);
  }

  #next(bytes: number): void {
    if (this.at > 0) this.#full.push(this.chunk.subarray(0, this.at));
    this.#fullBytes += this.at;
    this.at = 0;
    const spare = bytes <= CHUNK_BYTES ? this.#spare.pop() : undefined;
    this.chunk = spare ?? Buffer.allocUnsafeSlow(Math.max(bytes, CHUNK_BYTES));
  }

  /** Neither the first nor that of a single large value, which may never come again. */
  #keep(chunk: Buffer): void {
    if (chunk.length === CHUNK_BYTES) this.#spare.push(chunk);
  }
}

/** Where a byte of a column of fixed width lies: its chunk, and the place there. */
function place(byte: number): { chunk: number; at: number } {
  if (byte < FIRST_BYTES) return { chunk: 0, at: byte };
  const behind = byte - FIRST_BYTES;
  return { chunk: 1 + Math.floor(behind / CHUNK_BYTES), at: behind % CHUNK_BYTES };
}

/** Values of one width in full chunks, the last one excepted. */
function slices(views: readonly Uint8Array[], width: number, rows: readonly number[]): Uint8Array[] {
  return rows.map((row) => {
    const { chunk, at } = place(row * width);
    const bytes = views[chunk]?.subarray(at, at + width);
    if (bytes?.length !== width) throw new RangeError(`no row ${row}`);
    return bytes;
  });
}

/** Values of one width. */
abstract class FixedColumn extends ByteColumn {
  protected abstract readonly width: number;

  select(rows: readonly number[]): Uint8Array[] {
    return slices(this.views(), this.width, rows);
  }
}

export class UInt8Column extends FixedColumn {
  readonly type: string;
  protected readonly width = 1;

  /** @param type `UInt8`, or `Bool`, which is stored alike. */
  constructor(type: "UInt8" | "Bool" = "UInt8") {
    super();
    this.type = type;
  }

  push(value: number): void {
    this.reserve(1);
    this.chunk[this.at++] = value;
  }
}

const NO_WORDS = new Int32Array(0);

/** Whole numbers of 4 or 8 bytes, written as words of 32 bits in the machine's order, which is the format's. */
abstract class WordColumn implements NativeColumn {
  abstract readonly type: string;
  protected abstract readonly wordsOfValue: number;
  protected words = NO_WORDS;
  /** Words written to the current chunk. */
  protected at = 0;
  /** All chunks; those behind the current one are of earlier blocks. */
  readonly #chunks: Int32Array<ArrayBuffer>[] = [];
  #current = -1;
  #fullBytes = 0;

  get byteLength(): number {
    return this.#fullBytes + this.at * 4;
  }

  views(): Uint8Array[] {
    return this.#chunks
      .slice(0, this.#current + 1)
      .map((chunk, i) => new Uint8Array(chunk.buffer, 0, i < this.#current ? chunk.byteLength : this.at * 4));
  }

  select(rows: readonly number[]): Uint8Array[] {
    return slices(this.views(), this.wordsOfValue * 4, rows);
  }

  reset(): void {
    this.#current = -1;
    this.#fullBytes = 0;
    this.words = NO_WORDS;
    this.at = 0;
  }

  /** Makes room for a value; chunks hold a whole number of them. */
  protected reserve(): void {
    if (this.at < this.words.length) return;
    this.#fullBytes += this.words.byteLength;
    this.#current++;
    this.words = this.#chunks[this.#current] ??= new Int32Array((this.#current === 0 ? FIRST_BYTES : CHUNK_BYTES) / 4);
    this.at = 0;
  }

  /** The word at this place of the column. */
  protected wordAt(word: number): number {
    if (word < FIRST_BYTES / 4) return this.#chunks[0]?.[word] ?? 0;
    const { chunk, at } = place(word * 4);
    return this.#chunks[chunk]?.[at / 4] ?? 0;
  }
}

export class UInt32Column extends WordColumn {
  readonly type = "UInt32";
  protected readonly wordsOfValue = 1;

  push(value: number): void {
    this.reserve();
    this.words[this.at++] = value;
  }

  /** The value of one row. */
  valueAt(row: number): number {
    return this.wordAt(row) >>> 0;
  }
}

/** Safe integers in 64 bits, two's complement: `Int64`, `UInt64`, and the types stored as one, such as `DateTime64`. */
export class Int64Column extends WordColumn {
  readonly type: string;
  protected readonly wordsOfValue = 2;

  constructor(type: string) {
    super();
    this.type = type;
  }

  push(value: number): void {
    this.reserve();
    const high = Math.floor(value / 0x1_0000_0000);
    this.words[this.at] = value - high * 0x1_0000_0000;
    this.words[this.at + 1] = high;
    this.at += 2;
  }

  /** The value of one row. */
  valueAt(row: number): number {
    return (this.wordAt(2 * row) >>> 0) + this.wordAt(2 * row + 1) * 0x1_0000_0000;
  }
}

const NIBBLE = new Uint8Array(256);
for (const digit of "0123456789abcdefABCDEF") NIBBLE[digit.charCodeAt(0)] = Number.parseInt(digit, 16);
/** Where the digit pairs of a UUID's text start, in the order of the stored bytes: two little-endian halves. */
const UUID_PAIRS = [16, 14, 11, 9, 6, 4, 2, 0, 34, 32, 30, 28, 26, 24, 21, 19];

export class UuidColumn extends FixedColumn {
  readonly type = "UUID";
  protected readonly width = 16;

  /** The UUID whose 36 characters start at `text[at]`, of any case. */
  push(text: Uint8Array, at: number): void {
    this.reserve(16);
    for (let i = 0; i < 16; i++) {
      const pair = at + (UUID_PAIRS[i] ?? 0);
      this.chunk[this.at + i] = ((NIBBLE[text[pair] ?? 0] ?? 0) << 4) | (NIBBLE[text[pair + 1] ?? 0] ?? 0);
    }
    this.at += 16;
  }
}

/** Longest length prefix of a string below 4 GB. */
const MAX_PREFIX = 5;

export class StringColumn extends ByteColumn {
  readonly type = "String";

  push(text: string): void {
    const encoded = Buffer.from(text);
    this.pushBytes(encoded, 0, encoded.length);
  }

  /** The bytes `source[from, to)`. */
  pushBytes(source: Buffer, from: number, to: number): void {
    let rest = to - from;
    this.reserve(rest + MAX_PREFIX);
    const { chunk } = this;
    let { at } = this;
    for (; rest >= 0x80; rest >>>= 7) chunk[at++] = (rest & 0x7f) | 0x80;
    chunk[at++] = rest;
    if (to - from > SHORT_COPY) {
      source.copy(chunk, at, from, to);
      at += to - from;
    } else {
      for (let i = from; i < to; i++) chunk[at++] = source[i] ?? 0;
    }
    this.at = at;
  }

  select(rows: readonly number[]): Uint8Array[] {
    const selected: Uint8Array[] = [];
    let row = 0;
    for (const bytes of this.views()) {
      for (let at = 0; at < bytes.length && selected.length < rows.length; row++) {
        const end = endOfValue(bytes, at);
        if (row === rows[selected.length]) selected.push(bytes.subarray(at, end));
        at = end;
      }
    }
    if (selected.length < rows.length) throw new RangeError(`no row ${rows[selected.length]}`);
    return selected;
  }
}

function endOfValue(bytes: Uint8Array, from: number): number {
  let length = 0;
  let at = from;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return at + length;
  }
}
