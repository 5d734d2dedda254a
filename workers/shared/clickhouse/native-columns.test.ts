import { expect, test } from "bun:test";
import { Int64Column, StringColumn, UInt8Column, UInt32Column, UuidColumn } from "./native-columns.ts";

const ROWS = 40_000;
/** Some rows at the beginning, around the ends of chunks, and at the end. */
const CHOSEN = Array.from({ length: ROWS }, (_, row) => row).filter(
  (row) => row % 37 === 0 || (row > 500 && row < 530) || row > ROWS - 5,
);

/** Fills a column three times, so that its chunks are used again, and compares all bytes and some rows. */
function expectColumn(
  column: { views(): Uint8Array[]; select(rows: readonly number[]): Uint8Array[]; byteLength: number; reset(): void },
  push: (row: number) => Buffer,
) {
  for (let round = 0; round < 3; round++) {
    const expected = Array.from({ length: ROWS }, (_, row) => push(row + round));
    expect(column.byteLength).toBe(expected.reduce((sum, { length }) => sum + length, 0));
    expect(Buffer.concat(column.views()).equals(Buffer.concat(expected))).toBe(true);
    const chosen = CHOSEN.map((row) => expected[row] ?? Buffer.alloc(0));
    expect(Buffer.concat(column.select(CHOSEN)).equals(Buffer.concat(chosen))).toBe(true);
    expect(() => column.select([ROWS])).toThrow(RangeError);
    column.reset();
    column.reset();
    expect(column.byteLength).toBe(0);
  }
}

test("numbers are little-endian words, negative ones too, and are read again", () => {
  const wide = new Int64Column("Int64");
  let written = 0;
  expectColumn(wide, (row) => {
    const value = (row % 2 === 0 ? 1 : -1) * row * 123_456_789;
    if (written === ROWS) written = 0;
    wide.push(value);
    expect(wide.valueAt(written++)).toBe(value === 0 ? 0 : value);
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  });
  const narrow = new UInt32Column();
  expectColumn(narrow, (row) => {
    const value = 0xffff_ffff - row;
    narrow.push(value);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  });
  const byte = new UInt8Column();
  expectColumn(byte, (row) => {
    byte.push(row & 0xff);
    return Buffer.from([row & 0xff]);
  });
});

test("strings have their length before them, whatever their size", () => {
  const column = new StringColumn();
  expectColumn(column, (row) => {
    const text = row % 9_000 === 7 ? "z".repeat(140_000 + row) : "é".repeat((row * 7_919) % 90);
    column.push(text);
    const bytes = Buffer.from(text);
    const prefix: number[] = [];
    let rest = bytes.length;
    for (; rest >= 0x80; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80);
    return Buffer.concat([Buffer.from([...prefix, rest]), bytes]);
  });
});

test("a UUID is two little-endian halves", () => {
  const column = new UuidColumn();
  expectColumn(column, () => {
    const id = crypto.randomUUID();
    column.push(Buffer.from(`"${id.toUpperCase()}"`), 1);
    const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
    return Buffer.concat([bytes.subarray(0, 8).reverse(), bytes.subarray(8).reverse()]);
  });
});
