import { beforeAll, expect, test } from "bun:test";
import { createRequire } from "node:module";
import { type Compression, compressionType, registerCodecs } from "./codecs.ts";
import { OffsetTracker } from "./offset-tracker.ts";
import { cutIntoRuns } from "./record-runs.ts";

/** The client's own encoder and decoder of record batches. */
type Encoded = { readonly buffer: Buffer };
const require = createRequire(import.meta.url);
const { RecordBatch } = require("kafkajs/src/protocol/recordBatch/v0") as {
  RecordBatch: (options: Record<string, unknown>) => Promise<Encoded>;
};
const encodeRecord = require("kafkajs/src/protocol/recordBatch/record/v0") as (
  record: Record<string, unknown>,
) => unknown;
const Decoder = require("kafkajs/src/protocol/decoder") as new (bytes: Buffer) => unknown;
const decodeMessages = require("kafkajs/src/protocol/requests/fetch/v4/decodeMessages") as (
  decoder: unknown,
) => Promise<Parameters<typeof cutIntoRuns>[0]>;

beforeAll(registerCodecs);

const BATCHES = 5;
const PER_BATCH = 700;

/** One fetched partition: five batches of 700 messages, offsets from 0. */
async function fetched(compression: Compression) {
  const batches: Buffer[] = [];
  for (let at = 0; at < BATCHES * PER_BATCH; at += PER_BATCH) {
    const records = Array.from({ length: PER_BATCH }, (_, i) => {
      const value = Buffer.from(`value ${at + i} ${"x".repeat(i % 50)}`);
      return encodeRecord({
        offsetDelta: i,
        timestampDelta: i,
        key: `key ${at + i}`,
        value,
        headers: { h: `${at + i}` },
      });
    });
    const options = { firstOffset: at, firstTimestamp: 1_000, maxTimestamp: 2_000, lastOffsetDelta: PER_BATCH - 1 };
    batches.push((await RecordBatch({ ...options, records, compression: compressionType(compression) })).buffer);
  }
  const all = Buffer.concat(batches);
  const size = Buffer.alloc(4);
  size.writeInt32BE(all.length);
  return decodeMessages(new Decoder(Buffer.concat([size, all])));
}

const owner = () => ({
  partition: 3,
  tracker: new OffsetTracker(0),
  isCurrent: () => true,
  onComplete: () => undefined,
});

for (const compression of ["none", "gzip", "zstd"] as const) {
  test(`messages of a run are read again from its batches (${compression})`, async () => {
    const messages = await fetched(compression);
    const runs = [...cutIntoRuns(messages, BATCHES * PER_BATCH, 1_000, owner())];
    expect(runs.map(({ ticket }) => [ticket.first, ticket.last])).toEqual([
      [0, 999],
      [1_000, 1_999],
      [2_000, 2_999],
      [3_000, 3_499],
    ]);
    for (const { records, ticket } of runs) {
      const wanted = [ticket.last, ticket.first, ticket.first + 350];
      const again = await ticket.read(wanted);
      expect(again.map(({ offset }) => offset)).toEqual([ticket.first, ticket.first + 350, ticket.last]);
      for (const record of again) {
        const original = records[record.offset - ticket.first];
        expect(record.value).toEqual(original?.value ?? null);
        expect(String(record.key)).toBe(`key ${record.offset}`);
        expect(String(record.headers?.h)).toBe(String(record.offset));
        expect(record.appendTimeMs).toBe(original?.appendTimeMs ?? 0);
      }
    }
    // Each batch is counted once, though runs share them.
    const held = runs.reduce((sum, { ticket }) => sum + ticket.heldBytes, 0);
    const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
    if (compression === "none") expect(held).toBeGreaterThan(bytes);
    else expect(held).toBeLessThan(bytes);
    expect(held).toBeLessThan(bytes * 1.5);
  });
}

test("messages of the format before Kafka 0.11 are kept themselves; a message that is not of the run is not found", async () => {
  const message = (offset: number) => {
    const fields = { key: null, value: Buffer.from(`old ${offset}`), timestamp: "5", attributes: 0, headers: {} };
    return { ...fields, offset: String(offset) };
  };
  const [run] = cutIntoRuns([message(7), message(8)], 9, 1_000, owner());
  expect((await run?.ticket.read([8]))?.map(({ value }) => String(value))).toEqual(["old 8"]);
  expect(run?.ticket.heldBytes).toBe(10);
  await expect(run?.ticket.read([9])).rejects.toThrow(RangeError);
});
