import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { CompressionCodecs, CompressionTypes } from "kafkajs";
import { compress as lz4Compress } from "lz4js";
import { compress as snappyCompress } from "snappyjs";
import { KafkaJSCorruptBatch, MAX_BATCH_BYTES, registerCodecs } from "./codecs.ts";
import { toKafkaError } from "./errors.ts";

registerCodecs();
const text = Buffer.from("events, events and more events; ".repeat(5_000));
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
/** As snappy-java frames its blocks. */
function framed(blocks: Uint8Array[]): Buffer {
  const magic = Buffer.from("\x82SNAPPY\0", "latin1");
  return Buffer.concat([magic, int32(1), int32(1), ...blocks.flatMap((block) => [int32(block.length), block])]);
}
const halves = [text.subarray(0, 70_000), text.subarray(70_000)];

type Sample = [name: string, type: Exclude<CompressionTypes, CompressionTypes.None>, bytes: Buffer];
const COMPRESSED: Sample[] = [
  ["gzip", CompressionTypes.GZIP, gzipSync(text)],
  ["zstd", CompressionTypes.ZSTD, Bun.zstdCompressSync(text)],
  ["lz4", CompressionTypes.LZ4, Buffer.from(lz4Compress(text))],
  ["bare snappy", CompressionTypes.Snappy, Buffer.from(snappyCompress(text))],
  ["framed snappy", CompressionTypes.Snappy, framed(halves.map((half) => snappyCompress(half)))],
];

/** Quick to read, for many cases. */
const few = text.subarray(0, 3_000);
const SMALL: Sample[] = [
  ["gzip", CompressionTypes.GZIP, gzipSync(few)],
  ["zstd", CompressionTypes.ZSTD, Bun.zstdCompressSync(few)],
  ["lz4", CompressionTypes.LZ4, Buffer.from(lz4Compress(few))],
  ["bare snappy", CompressionTypes.Snappy, Buffer.from(snappyCompress(few))],
  ["framed snappy", CompressionTypes.Snappy, framed([snappyCompress(few), snappyCompress(few)])],
];

for (const [name, type, bytes] of COMPRESSED) {
  test(`${name} is read; what is no ${name} ends in an error that is not tried again`, async () => {
    const codec = CompressionCodecs[type]();
    expect(text.equals(await codec.decompress(bytes))).toBe(true);
    for (const broken of [Buffer.alloc(64, 0xff), Buffer.alloc(0)]) {
      const error = await codec.decompress(broken).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(KafkaJSCorruptBatch);
      expect(toKafkaError(error)).toMatchObject({ code: "KAFKA_CORRUPT_BATCH", retry: false });
    }
  });
}

/** Twice the limit of zeros; lz4 and snappy made by hand, since the libraries are slow at this size. */
function bombs(): Sample[] {
  const zeros = Buffer.alloc(2 * MAX_BATCH_BYTES);
  const half = snappyCompress(zeros.subarray(0, MAX_BATCH_BYTES / 2));
  const claimsMore = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]);
  return [
    ["gzip", CompressionTypes.GZIP, gzipSync(zeros)],
    ["zstd", CompressionTypes.ZSTD, Bun.zstdCompressSync(zeros)],
    ["lz4", CompressionTypes.LZ4, Buffer.from(lz4Compress(zeros))],
    ["bare snappy", CompressionTypes.Snappy, claimsMore],
    ["framed snappy", CompressionTypes.Snappy, framed([half, half, half])],
  ];
}

test("a batch that would decompress to more than the limit is refused before it exists", async () => {
  for (const [name, type, bytes] of bombs()) {
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    const error = await CompressionCodecs[type]()
      .decompress(bytes)
      .catch((reason: unknown) => reason);
    const grown = process.memoryUsage.rss() - before;
    expect([name, String(error)]).toEqual([name, expect.stringContaining(`more than ${MAX_BATCH_BYTES} bytes`)]);
    expect(toKafkaError(error)).toMatchObject({ code: "KAFKA_CORRUPT_BATCH", retry: false });
    // The output is held at most twice.
    expect(grown).toBeLessThan(3 * MAX_BATCH_BYTES);
  }
}, 60_000);

test("damaged batches end in an error or in bytes, never in more of them than allowed", async () => {
  const random = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), byte: fc.nat(255) });
  const changes = fc.array(random, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...SMALL), changes, fc.boolean(), async ([, type, bytes], damage, cut) => {
      const broken = Buffer.from(cut ? bytes.subarray(0, Math.ceil(bytes.length * (damage[0]?.at ?? 1))) : bytes);
      for (const { at, byte } of damage) broken[Math.floor(at * broken.length)] = byte;
      const found = await CompressionCodecs[type]()
        .decompress(broken)
        .catch((reason: unknown) => reason);
      if (Buffer.isBuffer(found)) expect(found.length).toBeLessThanOrEqual(MAX_BATCH_BYTES);
      else expect(found).toBeInstanceOf(KafkaJSCorruptBatch);
    }),
    { numRuns: 3_000 },
  );
}, 60_000);
