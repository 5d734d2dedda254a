import { expect, test } from "bun:test";
import { createRequire } from "node:module";
import fc from "fast-check";

// The client's own modules: `patches/` makes them quicker, and what they write must stay what it was.
type Encoder = { readonly buffer: Buffer; size(): number };
type Message = {
  key: string | Buffer | null;
  value: string | Buffer | null;
  headers?: Record<string, string | Buffer>;
};
type Grouped = Record<string, Message[]>;
const load = createRequire(import.meta.url);
const crc32C: (bytes: Buffer) => number = load("kafkajs/src/protocol/recordBatch/crc32C");
const encodeRecord: (record: Message & { offsetDelta: number; timestampDelta: number }) => Encoder = load(
  "kafkajs/src/protocol/recordBatch/record/v0",
);
const { RecordBatch }: { RecordBatch: (batch: { records: Encoder[] }) => Promise<Encoder> } = load(
  "kafkajs/src/protocol/recordBatch/v0",
);
const group: (input: {
  topic: string;
  partitionMetadata: unknown[];
  messages: (Message & { partition: number })[];
  partitioner: (input: { message: Message & { partition: number } }) => number;
}) => Grouped = load("kafkajs/src/producer/groupMessagesPerPartition");

/** CRC-32C bit by bit, as RFC 3720 defines it. */
function slowCrc32C(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** Zigzag and base 128, from the definition and with arithmetic of any size. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Buffer.from([...bytes, Number(left)]);
}

function sized(value: string | Buffer | null): Buffer {
  if (value === null) return varint(-1);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

function slowRecord({ key, value, headers = {} }: Message, timestampDelta: number, offsetDelta: number): Buffer {
  const fields = Object.entries(headers).flatMap(([name, content]) => [sized(name), sized(content)]);
  const head = [Buffer.from([0]), varint(timestampDelta), varint(offsetDelta), sized(key), sized(value)];
  const body = Buffer.concat([...head, varint(Object.keys(headers).length), ...fields]);
  return Buffer.concat([varint(body.length), body]);
}

const bytes = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.uint8Array({ maxLength: 3_000 }).map((array) => Buffer.from(array)),
);
const message: fc.Arbitrary<Message> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), bytes, { maxKeys: 3 }),
});

test("checksums are CRC-32C", () => {
  expect(crc32C(Buffer.from("123456789"))).toBe(0xe306_9283);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
      expect(crc32C(Buffer.from(array))).toBe(slowCrc32C(Buffer.from(array)));
    }),
  );
});

test("records are written as the protocol defines them", () => {
  const small = fc.integer({ min: 0, max: 2 ** 31 - 1 });
  // Later than its batch began by more than 32 bits hold, or earlier.
  const any = fc.oneof(small, fc.integer({ min: -(2 ** 40), max: 2 ** 40 }));
  fc.assert(
    fc.property(message, any, small, (one, timestampDelta, offsetDelta) => {
      const { buffer } = encodeRecord({ ...one, timestampDelta, offsetDelta });
      expect(buffer.equals(slowRecord(one, timestampDelta, offsetDelta))).toBe(true);
    }),
  );
});

test("a batch holds its records in their order, and its checksum", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 50 }), async (messages) => {
      const records = messages.map((one, offsetDelta) => encodeRecord({ ...one, timestampDelta: 0, offsetDelta }));
      const { buffer } = await RecordBatch({ records });
      const expected = Buffer.concat(messages.map((one, offsetDelta) => slowRecord(one, 0, offsetDelta)));
      expect(buffer.subarray(61).equals(expected)).toBe(true);
      expect(buffer.readInt32BE(57)).toBe(messages.length);
      expect(buffer.readInt32BE(8)).toBe(buffer.length - 12);
      expect(buffer.readUInt32BE(17)).toBe(slowCrc32C(buffer.subarray(21)));
    }),
    { numRuns: 30 },
  );
});

test("messages keep their order within a partition", () => {
  const messages = [2, 0, 2, 1, 0, 2].map((partition, i) => ({ key: null, value: String(i), partition }));
  const partitioner = ({ message }: { message: { partition: number } }) => message.partition;
  const grouped = group({ topic: "t", partitionMetadata: [{}], messages, partitioner });
  const values = Object.entries(grouped).map(([partition, list]) => [partition, list.map(({ value }) => value)]);
  expect(values).toEqual([
    ["0", ["1", "4"]],
    ["1", ["3"]],
    ["2", ["0", "2", "5"]],
  ]);
});
