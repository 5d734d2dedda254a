import { gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";

/** Compressed text is untrusted: a few kilobytes may stand for gigabytes, and may be cut off. Nothing is read without a bound. */

/** Why compressed bytes were refused: they stand for more than the limit, or are not what they claim to be. */
export class DecompressError extends Error {
  override readonly name = "DecompressError";
  readonly retry = false;

  constructor(
    readonly code: "TOO_LARGE" | "INVALID",
    message: string,
  ) {
    super(message);
  }
}

/** The error for what decompresses to more than `maxBytes`. */
export function tooLarge(maxBytes: number): DecompressError {
  return new DecompressError("TOO_LARGE", `it decompresses to more than ${maxBytes} bytes`);
}

/** Formats of one stream or several in a row; what is cut off, or followed by something else, is refused. */
export const DECODERS = { gzip: decodeGzip, deflate: decodeDeflate, zstd: decodeZstd } as const;

/** @throws DecompressError */
function decodeGzip(bytes: Buffer, maxBytes: number): Buffer {
  return bounded(maxBytes, () => gunzipSync(bytes, { maxOutputLength: maxBytes }));
}

/** @throws DecompressError */
function decodeDeflate(bytes: Buffer, maxBytes: number): Buffer {
  return bounded(maxBytes, () => inflateSync(bytes, { maxOutputLength: maxBytes }));
}

/**
 * The runtime's bounded decoder answers a part when the end is missing, and its strict one knows no bound: so the end is
 * looked for, and the strict one takes what cannot exceed the limit.
 * @throws DecompressError
 */
function decodeZstd(bytes: Buffer, maxBytes: number): Buffer {
  const mostBytes = zstdOutputBound(bytes);
  if (mostBytes === undefined) throw new DecompressError("INVALID", "its zstd frames are damaged or cut off");
  return bounded(maxBytes, () =>
    mostBytes <= maxBytes ? Bun.zstdDecompressSync(bytes) : zstdDecompressSync(bytes, { maxOutputLength: maxBytes }),
  );
}

function bounded(maxBytes: number, decode: () => Buffer): Buffer {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    if ("code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw new DecompressError("INVALID", cause.message);
  }
}

const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_SKIPPABLE = 0x184d2a50;
/** No block of zstd stands for more. */
const ZSTD_BLOCK_BYTES = 131_072;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];

/**
 * The most that zstd frames can stand for, in bytes, from the sizes of their blocks (RFC 8878); undefined unless they are
 * complete and fill the bytes. What the header claims is not looked at: anyone can write anything there.
 */
export function zstdOutputBound(bytes: Buffer): number | undefined {
  let most = 0;
  let at = 0;
  while (at < bytes.length) {
    if (at + 8 > bytes.length) return undefined;
    const magic = bytes.readUInt32LE(at);
    if ((magic & ~0xf) >>> 0 === ZSTD_SKIPPABLE) {
      at += 8 + bytes.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== ZSTD_MAGIC) return undefined;
    const frame = readFrame(bytes, at + 4);
    if (frame === undefined) return undefined;
    most += frame.most;
    at = frame.end;
  }
  return at === bytes.length ? most : undefined;
}

function readFrame(bytes: Buffer, start: number): { most: number; end: number } | undefined {
  const descriptor = bytes.readUInt8(start);
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSize = CONTENT_SIZE_BYTES[descriptor >> 6] || (singleSegment ? 1 : 0);
  let at = start + 1 + (singleSegment ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0) + contentSize;
  let most = 0;
  for (;;) {
    if (at + 3 > bytes.length) return undefined;
    const header = bytes.readUIntLE(at, 3);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === 3) return undefined;
    most += type === 2 ? ZSTD_BLOCK_BYTES : size;
    at += 3 + (type === 1 ? 1 : size);
    if ((header & 1) === 1) break;
  }
  const end = at + ((descriptor & 4) === 0 ? 0 : 4);
  return end <= bytes.length ? { most, end } : undefined;
}
