import { expect, test } from "bun:test";
import { LowCardinalityColumn } from "./low-cardinality-column.ts";

/** Reads a column back: its keys, and the value of each row. */
function read(column: LowCardinalityColumn): { keys: string[]; rows: string[]; width: number } {
  const bytes = Buffer.concat(column.views());
  let at = 0;
  const word = () => {
    at += 8;
    return Number(bytes.readBigUInt64LE(at - 8));
  };
  expect(word()).toBe(1);
  const kind = word();
  expect(kind & ~0xff).toBe(0x600);
  const width = 1 << (kind & 0xff);
  const keys = Array.from({ length: word() }, () => {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += length;
    return bytes.toString("utf8", at - length, at);
  });
  const rows = Array.from({ length: word() }, () => {
    const key = bytes.readUIntLE(at, width);
    at += width;
    return keys[key] ?? "none";
  });
  expect(at).toBe(bytes.length);
  return { keys, rows, width };
}

test("every value is sent once, every row as the number of its value", () => {
  const column = new LowCardinalityColumn();
  for (const [values, width] of [
    [3, 1],
    [254, 1],
    [255, 2],
    [65_534, 2],
    [65_535, 4],
    [5, 1],
  ] as const) {
    const given = Array.from({ length: values * 2 + 5_000 }, (_, row) => `é${(row * 7) % values}`);
    given[10] = "";
    given[20] = "x".repeat(10_000);
    for (const value of given) column.push(value);
    const found = read(column);
    expect(found.rows).toEqual(given);
    expect(found.keys.length).toBe(new Set(given).size);
    // The empty and the long value are keys as well.
    expect(found.width).toBe(width);
    expect(column.byteLength).toBeGreaterThan(given.length * found.width);
    column.reset();
    expect(column.byteLength).toBe(0);
  }
});

test("some rows take only their own values along", () => {
  const column = new LowCardinalityColumn();
  for (const value of ["a", "b", "", "a", "c"]) column.push(value);
  const some = new LowCardinalityColumn();
  for (const value of ["b", "a"]) some.push(value);
  expect(Buffer.concat(column.select([1, 3])).equals(Buffer.concat(some.views()))).toBe(true);
  expect(() => column.select([5])).toThrow(RangeError);
});
