import { expect, test } from "bun:test";
import fc from "fast-check";
import { transformRecord } from "./transform.ts";

const CONFIG = { maxAgeMs: 30 * 86_400_000, maxFutureMs: 600_000, maxBytes: 1_000_000, lateAfterMs: 20_000 };
const EVENT_MS = Date.parse("2026-03-01T12:00:00.250Z");

function record(appendTimeMs: number, headers: Record<string, Buffer> = {}) {
  const event = {
    event_id: "7F1D0000-0000-4000-8000-00000000000A",
    user_id: "user123",
    event_type: "click",
    event_time: new Date(EVENT_MS).toISOString(),
    received_time: new Date(EVENT_MS + 3_000).toISOString(),
  };
  return { offset: 7, appendTimeMs, key: null, value: Buffer.from(JSON.stringify(event)), headers };
}

test("derived columns", () => {
  const result = transformRecord(
    record(EVENT_MS + 5_000, { "producer-instance": Buffer.from("p1") }),
    3,
    CONFIG,
    EVENT_MS + 9_000,
  );
  expect(result).toMatchObject({
    kind: "ok",
    value: {
      eventId: "7f1d0000-0000-4000-8000-00000000000a",
      source: "web",
      latencyMs: 9_000,
      ingestDelayMs: 3_000,
      isLate: false,
      producer: "p1",
      kafkaPartition: 3,
      kafkaOffset: 7,
      kafkaAppendTimeMs: EVENT_MS + 5_000,
    },
  });
});

test("property: verdict and lateness depend on the append time alone", () => {
  const delays = fc.integer({ min: -2_000_000, max: 3_000_000_000 });
  fc.assert(
    fc.property(delays, fc.nat(1e9), (delayMs, laterMs) => {
      const message = record(EVENT_MS + delayMs);
      const now = transformRecord(message, 0, CONFIG, EVENT_MS + delayMs);
      const replayed = transformRecord(message, 0, CONFIG, EVENT_MS + delayMs + laterMs);
      expect(replayed.kind).toBe(now.kind);
      if (now.kind === "ok" && replayed.kind === "ok") {
        expect(now.value.isLate).toBe(delayMs > CONFIG.lateAfterMs);
        expect({ ...replayed.value, latencyMs: 0 }).toEqual({ ...now.value, latencyMs: 0 });
      }
      if (now.kind === "dead_letter") {
        expect(now.errorClass).toBe(delayMs > 0 ? "too_old" : "in_future");
      }
    }),
  );
});

test("a CloudEvent in binary mode is named by its headers", () => {
  const message = { ...record(EVENT_MS, { ce_specversion: Buffer.from("1.0") }), value: Buffer.from('{"amount":"1"}') };
  expect(transformRecord(message, 0, CONFIG, EVENT_MS)).toMatchObject({
    kind: "dead_letter",
    errorClass: "schema",
    reason: expect.stringContaining("a CloudEvent"),
  });
  expect(transformRecord(record(EVENT_MS, { ce_specversion: Buffer.from("1.0") }), 0, CONFIG, EVENT_MS).kind).toBe(
    "ok",
  );
});
