import type { NativeColumn } from "./native-columns.ts";

/**
 * One block in pieces, ready to be sent one after the other: the columns' bytes are views, valid until the next write to a
 * column. Putting them together would hold every insert in memory once more.
 * @param some numbers of the rows to take, ascending; all by default.
 */
export function nativeBlock(
  columns: readonly (readonly [name: string, column: NativeColumn])[],
  rows: number,
  some?: readonly number[],
): Uint8Array[] {
  const pieces: Uint8Array[] = [Buffer.concat([varint(columns.length), varint(some?.length ?? rows)])];
  for (const [name, column] of columns) {
    pieces.push(text(name), text(column.type));
    if (some === undefined) pieces.push(...column.views());
    else pieces.push(Buffer.concat(column.select(some)));
  }
  return pieces;
}

/** A string with its length before it. */
function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** An unsigned number as LEB128. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
