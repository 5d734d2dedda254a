import { expect, test } from "bun:test";
import { eventRow } from "../shared/testing/event-rows.ts";
import { headersJson } from "./dead-letter-writer.ts";
import { inserts } from "./flush.ts";
import { parseLedgerRecord } from "./ledger-flush.ts";
import { assertMaxAge } from "./startup.ts";

test("inserts hold one day each, oldest first, at most maxRows", () => {
  const row = (kafkaOffset: number) => eventRow({ eventId: crypto.randomUUID(), eventTimeMs: 0, kafkaOffset });
  const days = new Map([
    [172_800, [row(1)]],
    [86_400, [row(2), row(3), row(4), row(5), row(6)]],
  ]);
  const offsets = inserts(days, 2).map((rows) => rows.map(({ kafkaOffset }) => kafkaOffset));
  expect(offsets).toEqual([[2, 3], [4, 5], [6], [1]]);
});

test("headers keep every value, in base64", () => {
  const headers = { a: Buffer.from("x"), b: ["1", Buffer.from([0xff])], gone: undefined };
  expect(JSON.parse(headersJson(headers))).toEqual({ a: "eA==", b: ["MQ==", "/w=="] });
  expect(headersJson(undefined)).toBe("{}");
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
  expect(() => assertMaxAge(89, 90)).not.toThrow();
  expect(() => assertMaxAge(90, 90)).toThrow("Set EVENT_MAX_AGE_DAYS to at most 89");
});
