import { expect, test } from "bun:test";
import { headersJson } from "./dead-letter-writer.ts";
import { batchAgeMs } from "./ingest-pipeline.ts";
import { parseLedgerRecord } from "./ledger-flush.ts";
import { RowBuilder } from "./row-builder.ts";
import { assertMaxAge } from "./startup.ts";

test("inserts hold one day each, oldest first, at most maxRows", () => {
  const limits = { maxAgeMs: 1e12, maxFutureMs: 1e12, maxBytes: 1_000, lateAfterMs: 20_000, maxRows: 2 };
  const rows = new RowBuilder(limits);
  const days = ["02", "01", "01", "02", "01", "01", "01"];
  days.forEach((day, offset) => {
    const times = { event_time: `2026-03-${day}T12:00:00Z`, received_time: `2026-03-${day}T12:00:00Z` };
    const event = { event_id: crypto.randomUUID(), user_id: "u", event_type: "click", ...times };
    const record = { offset, appendTimeMs: 1.8e12, key: null, value: Buffer.from(JSON.stringify(event)), headers: {} };
    expect(rows.add(record, 0, 1.8e12)).toBeUndefined();
  });
  const offsets = rows
    .inserts()
    .map(({ block, length }) => Array.from({ length }, (_, row) => block.columns.kafka_offset.valueAt(row)));
  expect(offsets).toEqual([[1, 2], [4, 5], [6], [0, 3]]);
});

test("a batch waits as long as a flush takes, within limits; the upper one wins", () => {
  const limits = { minAgeMs: 100, maxAgeMs: 400 };
  expect([0, 100, 250, 9_000].map((flushMs) => batchAgeMs(flushMs, limits))).toEqual([100, 100, 250, 400]);
  expect(batchAgeMs(70, { minAgeMs: 100, maxAgeMs: 50 })).toBe(50);
});

test("headers keep every value, in base64", () => {
  const headers = { a: Buffer.from("x"), b: ["1", Buffer.from([0xff])], gone: undefined };
  expect(JSON.parse(headersJson(headers))).toEqual({ a: "eA==", b: ["MQ==", "/w=="] });
  expect(headersJson(undefined)).toBe("{}");
  // kcat and others send headers without a value; the client's types do not say so.
  expect(headersJson({ empty: null as unknown as Buffer })).toBe('{"empty":""}');
});

test("ledger records that cannot be stored are named", () => {
  const parse = (value: string) => parseLedgerRecord({ offset: 1, value: Buffer.from(value) });
  expect(parse("{")).toEqual({ ok: false, reason: "not JSON" });
  expect(parse("{}").ok).toBe(false);
  const count = { kind: "count", instance: "i", minute: 60, source: "web", event_type: "click", count: 1, unknown: 0 };
  expect(parse(JSON.stringify({ ...count, checksum: "18446744073709551615" })).ok).toBe(true);
  expect(parse(JSON.stringify({ ...count, checksum: "18446744073709551616" })).ok).toBe(false);
});

test("events must not be accepted that retention would drop", () => {
  expect(() => assertMaxAge(82, 90)).not.toThrow();
  expect(() => assertMaxAge(83, 90)).toThrow("Set EVENT_MAX_AGE_DAYS to at most 82");
});
