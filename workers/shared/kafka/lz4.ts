import { decompressFrame } from "lz4js";
import { DecompressError, tooLarge } from "../runtime/decompress.ts";

const MAGIC = 0x184d2204;
const END_MARK_BYTES = 4;
/** Largest block by the number in the frame's header, bytes. */
const BLOCK_BYTES: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 };

/**
 * Reads a frame of lz4 of at most `maxBytes`. The library neither knows where its input ends nor how large its output may
 * become, so the blocks are gone through first.
 * @throws DecompressError
 */
export function readLz4(bytes: Buffer, maxBytes: number): Uint8Array {
  const mostBytes = outputBound(bytes);
  if (mostBytes === undefined) throw new DecompressError("INVALID", "its lz4 frame is damaged or cut off");
  const output = new Uint8Array(Math.min(mostBytes, maxBytes));
  const length = decompressFrame(bytes, output);
  if (length <= output.length) return output.subarray(0, length);
  if (mostBytes > maxBytes) throw tooLarge(maxBytes);
  throw new DecompressError("INVALID", "its blocks are larger than they say");
}

/** The most that the frame can stand for, bytes; undefined unless it is complete. */
function outputBound(bytes: Buffer): number | undefined {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const flags = bytes.readUInt8(4);
  const blockBytes = BLOCK_BYTES[(bytes.readUInt8(5) >> 4) & 7];
  if (flags >> 6 !== 1 || blockBytes === undefined) return undefined;
  const checksum = (flags & 0x10) === 0 ? 0 : 4;
  let at = 7 + ((flags & 0x08) === 0 ? 0 : 8);
  let most = 0;
  for (;;) {
    if (at + END_MARK_BYTES > bytes.length) return undefined;
    const header = bytes.readUInt32LE(at);
    if (header === 0) return most;
    const stored = header & 0x7fff_ffff;
    most += header === stored ? blockBytes : stored;
    at += 4 + checksum + stored;
  }
}
