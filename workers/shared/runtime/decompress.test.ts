import { describe, expect, test } from "bun:test";
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { DECODERS, DecompressError, zstdOutputBound } from "./decompress.ts";

const ENCODERS = {
  gzip: (bytes: Buffer) => gzipSync(bytes),
  deflate: (bytes: Buffer) => deflateSync(bytes),
  zstd: (bytes: Buffer) => Bun.zstdCompressSync(bytes),
};
const MAX = 1_000_000;

/** The code of the error, or the length of what was read. */
function outcome(format: keyof typeof DECODERS, bytes: Buffer, max = MAX): string | number {
  try {
    return DECODERS[format](bytes, max).length;
  } catch (error) {
    if (error instanceof DecompressError) return error.code;
    throw error;
  }
}

describe.each(["gzip", "deflate", "zstd"] as const)("%s", (format) => {
  const encode = ENCODERS[format];

  test("is read up to the limit and no further", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(100), (seed, times) => {
        const bytes = Buffer.concat(Array.from({ length: times }, () => Buffer.from(seed)));
        expect(DECODERS[format](encode(bytes), bytes.length + 1).equals(bytes)).toBe(true);
        if (bytes.length > 1) expect(outcome(format, encode(bytes), bytes.length - 1)).toBe("TOO_LARGE");
      }),
      { numRuns: 200 },
    );
  });

  test("of a bomb no more than the limit comes to exist", () => {
    const bomb = encode(Buffer.alloc(200_000_000));
    expect(bomb.length).toBeLessThan(MAX);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 20; i++) expect(outcome(format, bomb)).toBe("TOO_LARGE");
    expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000);
  });

  test("cut off anywhere it is refused", () => {
    const random = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)).toHex());
    for (const text of [Buffer.from("a line\n".repeat(50_000)), random]) {
      const whole = encode(text);
      const cuts = [1, 2, 3, 4, 5, 8, 12, 20, whole.length >> 1, whole.length - 1];
      for (const cut of cuts.filter((count) => count < whole.length)) {
        expect([cut, outcome(format, whole.subarray(0, whole.length - cut))]).toEqual([cut, "INVALID"]);
      }
    }
  });

  test("any bytes get an answer", () => {
    const valid = encode(Buffer.from("some text, some more text ".repeat(100)));
    const change = fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255) });
    const damaged = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
      const bytes = Buffer.from(valid);
      for (const { at, byte } of changes) bytes[at] = byte;
      return bytes;
    });
    const any = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(any, damaged), (bytes) => {
        const found = outcome(format, bytes);
        expect(typeof found === "number" ? found <= MAX : true).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});

test("zstd: frames in a row, skippable ones too, but nothing else", () => {
  const frame = Bun.zstdCompressSync(Buffer.from("abc"));
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
  expect(DECODERS.zstd(Buffer.concat([frame, skippable, frame]), MAX).toString()).toBe("abcabc");
  expect(outcome("zstd", Buffer.concat([frame, Buffer.from("rubbish!")]))).toBe("INVALID");
  expect(zstdOutputBound(skippable.subarray(0, 9))).toBeUndefined();
  expect(zstdOutputBound(frame) ?? 0).toBeGreaterThanOrEqual(3);
});
