import { beforeAll, describe, expect, test } from "bun:test";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { registerCodecs } from "./codecs.ts";
import { toKafkaError } from "./errors.ts";

/** The client's own decoder of fetched batches, as `patches/` changes it. */
type DecodedRecord = { readonly offset: string; readonly value: Buffer | null };
type DecoderState = { readonly decodedBytes?: number };
const require = createRequire(import.meta.url);
const Decoder = require("kafkajs/src/protocol/decoder") as new (bytes: Buffer) => DecoderState;
const decodeMessages = require("kafkajs/src/protocol/requests/fetch/v4/decodeMessages") as (
  decoder: DecoderState,
) => Promise<DecodedRecord[]>;

beforeAll(registerCodecs);

const MIB = 1_048_576;
const LIMIT = 250_000;

/** A signed number as Kafka writes it in records. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

function record(offsetDelta: number, value: Buffer | null): Buffer {
  const head = [0, 0, ...varint(offsetDelta), ...varint(-1), ...varint(value === null ? -1 : value.length)];
  const bytes = value ?? Buffer.alloc(0);
  return Buffer.concat([Buffer.from([...varint(head.length + bytes.length + 1), ...head]), bytes, Buffer.alloc(1)]);
}

/** One gzip batch whose first message has the offset `at`. */
function batch(at: number, count: number, records: Buffer): Buffer {
  const compressed = gzipSync(records);
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(BigInt(at), 0);
  head.writeInt32BE(head.length - 12 + compressed.length, 8);
  head.writeInt8(2, 16); // magic
  head.writeInt16BE(1, 21); // gzip
  head.writeInt32BE(count - 1, 23);
  head.writeInt32BE(count, 57);
  return Buffer.concat([head, compressed]);
}

const tombstones = (count: number) => Buffer.concat(Array.from({ length: count }, (_, i) => record(i, null)));
const large = (at: number, bytes: number) => batch(at, 1, record(0, Buffer.alloc(bytes)));

/** The offsets that one response with these batches in one partition yields. */
async function offsets(...batches: Buffer[]): Promise<number[]> {
  const all = Buffer.concat(batches);
  const size = Buffer.alloc(4);
  size.writeInt32BE(all.length);
  const records = await decodeMessages(new Decoder(Buffer.concat([size, all])));
  return records.map(({ offset }) => Number(offset));
}

const failure = (...batches: Buffer[]) =>
  offsets(...batches).then(
    () => undefined,
    (error: unknown) => error,
  );

describe("one response", () => {
  test("is decompressed up to a bound; the rest is left to the next fetch", async () => {
    expect(await offsets(large(5, 10), large(6, 20))).toEqual([5, 6]);
    expect(await offsets(large(5, 9 * MIB), large(6, 9 * MIB), large(7, 10))).toEqual([5, 6]);
    // There is always progress.
    expect(await offsets(large(5, 30 * MIB), large(6, 10))).toEqual([5]);
  });

  test("with an unreadable batch yields what precedes it; a response that begins with it fails and names it", async () => {
    const bomb = large(6, 40 * MIB);
    expect(await offsets(large(5, 10), bomb, large(7, 10))).toEqual([5]);
    const error = await failure(bomb, large(7, 10));
    expect(toKafkaError(error)).toMatchObject({ code: "KAFKA_CORRUPT_BATCH", retry: false });
    expect(error).toMatchObject({ batchRange: { from: 6, to: 6 } });
  });

  test("takes as many records as events could be, and no more", async () => {
    expect((await offsets(batch(0, LIMIT, tombstones(LIMIT)))).length).toBe(LIMIT);
    const error = await failure(batch(0, LIMIT + 1, tombstones(LIMIT + 1)));
    expect(String(error)).toContain(`${LIMIT + 1} records`);
    expect(toKafkaError(error)).toMatchObject({ code: "KAFKA_CORRUPT_BATCH" });
  });

  test("of a batch that claims more records than it has is refused", async () => {
    const error = await failure(batch(0, 100, tombstones(99)));
    expect(toKafkaError(error)).toMatchObject({ code: "KAFKA_CORRUPT_BATCH" });
    expect(toKafkaError(await failure(batch(0, 0x7fff_ffff, tombstones(9))))).toMatchObject({
      code: "KAFKA_CORRUPT_BATCH",
    });
  });
});
