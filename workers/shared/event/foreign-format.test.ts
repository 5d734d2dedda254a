import { expect, test } from "bun:test";
import { CLOUD_EVENT, foreignFormat } from "./foreign-format.ts";
import { parseEvent } from "./parse.ts";

const BROKER = { appendTimeMs: Date.now(), maxAgeMs: 1e10, maxFutureMs: 1e10, maxBytes: 1e6 };
const refusal = (bytes: Uint8Array) => {
  const result = parseEvent(bytes, BROKER);
  return result.ok ? "accepted" : `${result.errorClass}: ${result.reason}`;
};
const cloudEvent = {
  specversion: "1.0",
  id: "A-1",
  source: "/shop/7",
  type: "com.example.order.paid",
  time: "2026-11-26T20:50:00Z",
  data: { amount: "12.50" },
};

test("a schema registry's frame is named with its schema", () => {
  const frame = Buffer.from([0, 0, 0, 0, 42, 6, 97, 98, 99]);
  expect(refusal(frame)).toStartWith("malformed_json: a schema registry's frame (magic byte 0, schema id 42)");
  // The bytes of an Avro record need not be UTF-8.
  expect(refusal(Buffer.concat([frame, Buffer.from([0xff])]))).toContain("schema id 42");
  // JSON behind the frame, as the registry's JSON serializer writes it.
  expect(refusal(Buffer.concat([frame.subarray(0, 5), Buffer.from('{"a":1}')]))).toContain("schema id 42");
  // A view into a larger buffer.
  expect(refusal(Buffer.concat([Buffer.from("xxx"), frame]).subarray(3))).toContain("schema id 42");
});

test("an undeclared CloudEvent is named; an event with such fields beside its own stays an event", () => {
  expect(refusal(Buffer.from(JSON.stringify(cloudEvent)))).toBe(`schema: ${CLOUD_EVENT}`);
  expect(refusal(Buffer.from(JSON.stringify({ ...cloudEvent, specversion: 1 })))).not.toContain("CloudEvent");
  const now = new Date().toISOString();
  const event = {
    event_id: crypto.randomUUID(),
    user_id: "u",
    event_type: "click",
    event_time: now,
    received_time: now,
  };
  expect(refusal(Buffer.from(JSON.stringify({ ...cloudEvent, ...event, source: "web" })))).toBe("accepted");
});

test("UTF-16 with and without a mark, gzip, zstd and Avro files are named; other bytes are not", () => {
  const utf16 = Buffer.from('{"event_id":"x"}', "utf16le");
  const swapped = Buffer.from(utf16).swap16();
  for (const bytes of [Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), utf16, swapped]) {
    expect(refusal(bytes)).toBe("malformed_json: UTF-16 text: send UTF-8");
  }
  expect(refusal(Bun.gzipSync(Buffer.from("{}")))).toContain("compressed with gzip");
  expect(refusal(Bun.zstdCompressSync("{}"))).toContain("compressed with zstd");
  expect(refusal(Buffer.from("Obj\x01\x00\x00"))).toContain("an Avro file");
  expect(foreignFormat(Buffer.from("no JSON at all"))).toBeUndefined();
  expect(foreignFormat(new Uint8Array())).toBeUndefined();
});
