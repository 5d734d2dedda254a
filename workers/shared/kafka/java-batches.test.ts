import { beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { CompressionCodecs } from "kafkajs-unpatched";
import { registerCodecs } from "./codecs.ts";

/** Written by the Java client, see WriteBatches.java there. */
const BATCHES = new URL("testing/java/batches/", import.meta.url);
const COUNT = 40;
const FIRST = 100;

type Message = { offset: string; timestamp?: string; key: Buffer | null; value: Buffer | null; headers?: object };
const require = createRequire(import.meta.url);

/** The decoder that consumers use, and the one without our patch on which the audit stands. */
const DECODERS = ["kafkajs", "kafkajs-unpatched"].map((name) => {
  const Decoder = require(`${name}/src/protocol/decoder`) as new (bytes: Buffer) => unknown;
  const decodeMessages = require(`${name}/src/protocol/requests/fetch/v4/decodeMessages`) as (
    decoder: unknown,
  ) => Promise<readonly Message[]>;
  const decode = (bytes: Buffer) => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(bytes.length);
    return decodeMessages(new Decoder(Buffer.concat([size, bytes])));
  };
  return { name, decode };
});

beforeAll(() => {
  registerCodecs();
  registerCodecs(CompressionCodecs);
});

const files = readdirSync(BATCHES);

test("there is a batch of the Java client in every format and codec", () => {
  expect(files).toHaveLength(4 + 4 + 5);
});

for (const file of files) {
  const format = Number(file[1]);
  // What the formats before the current one lack: headers, and the first of them times as well.
  const expected = Array.from({ length: COUNT }, (_, i) => ({
    offset: String(FIRST + i),
    timestamp: format === 0 ? undefined : String(1_700_000_000_000 + i),
    key: i % 3 === 0 ? null : `key ${i}`,
    value: i % 7 === 0 ? null : `value ${i} `.repeat(i),
    headers: format < 2 || i % 2 === 0 ? "" : `h=${i},none=null`,
  }));
  for (const { name, decode } of DECODERS) {
    test(`${name} reads a batch of the Java client as it was written: ${file}`, async () => {
      const messages = await decode(readFileSync(new URL(file, BATCHES)));
      const text = (bytes: Buffer | null) => bytes && String(bytes);
      const found = messages.map(({ offset, timestamp, key, value, headers = {} }) => ({
        offset,
        timestamp,
        key: text(key),
        value: text(value),
        headers: Object.entries(headers)
          .map(([header, content]) => `${header}=${content}`)
          .join(),
      }));
      expect(found).toEqual(expected);
    });
  }
}
