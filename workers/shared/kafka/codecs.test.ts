import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { CompressionCodecs, CompressionTypes } from "kafkajs";
import { compress as lz4Compress } from "lz4js";
import { compress as snappyCompress } from "snappyjs";
import { KafkaJSCorruptBatch, registerCodecs } from "./codecs.ts";
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

const COMPRESSED: [name: string, type: Exclude<CompressionTypes, CompressionTypes.None>, bytes: Buffer][] = [
  ["gzip", CompressionTypes.GZIP, gzipSync(text)],
  ["zstd", CompressionTypes.ZSTD, Bun.zstdCompressSync(text)],
  ["lz4", CompressionTypes.LZ4, Buffer.from(lz4Compress(text))],
  ["bare snappy", CompressionTypes.Snappy, Buffer.from(snappyCompress(text))],
  ["framed snappy", CompressionTypes.Snappy, framed(halves.map((half) => snappyCompress(half)))],
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
