import { uncompress } from "snappyjs";
import { DecompressError, tooLarge } from "../runtime/decompress.ts";

/** How blocks start when they are framed by snappy-java, as Java clients do. Others send one bare block. */
const SNAPPY_JAVA = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const SNAPPY_JAVA_HEADER = SNAPPY_JAVA.length + 8;

/** Reads snappy, bare or framed, of at most `maxBytes`. @throws DecompressError */
export function readSnappy(bytes: Buffer, maxBytes: number): Uint8Array {
  if (!bytes.subarray(0, SNAPPY_JAVA.length).equals(SNAPPY_JAVA)) return readBlock(bytes, maxBytes, maxBytes);
  const blocks: Uint8Array[] = [];
  let left = maxBytes;
  for (let at = SNAPPY_JAVA_HEADER; at < bytes.length; ) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length || end <= at) throw new DecompressError("INVALID", "its last block is cut off");
    const block = readBlock(bytes.subarray(at + 4, end), left, maxBytes);
    blocks.push(block);
    left -= block.length;
    at = end;
  }
  return Buffer.concat(blocks);
}

/** @param left what remains of `maxBytes`. */
function readBlock(block: Buffer, left: number, maxBytes: number): Uint8Array {
  const claimed = claimedBytes(block);
  if (claimed > left) throw tooLarge(maxBytes);
  // An element of three bytes stands for 64 at most: whoever claims more is lying, and would only be given the memory.
  if (claimed > block.length * 64) throw new DecompressError("INVALID", "it is not valid snappy");
  try {
    return uncompress(block);
  } catch (cause) {
    throw new DecompressError("INVALID", cause instanceof Error ? cause.message : String(cause));
  }
}

/** What a block says it stands for, bytes: the varint at its start. It is never read to be more than that. */
function claimedBytes(block: Buffer): number {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) break;
  }
  return value;
}
