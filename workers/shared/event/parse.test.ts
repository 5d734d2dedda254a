import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DEAD_LETTER_CLASSES } from "./dead-letter.ts";
import { type ParsedEvent, parseEvent } from "./parse.ts";
import { EVENT_TYPES, EventSchema } from "./schema.ts";
import { accepted, broker, encoder, judge, minimal, refused, ticket } from "./testing/judging.ts";

describe("valid events", () => {
  test("the five fields alone", () => {
    expect(accepted(minimal)).toEqual({
      eventId: minimal.event_id,
      userId: "user123",
      source: "web",
      eventType: "click",
      eventTimeMs: Date.UTC(2025, 6, 30, 12),
      receivedTimeMs: Date.UTC(2025, 6, 30, 12, 0, 3),
      eventMinuteS: Date.UTC(2025, 6, 30, 12) / 1000,
      sessionId: "",
      amountE4: 0,
      currency: "",
      payloadJson: "",
      extraJson: "",
      sizeBytes: JSON.stringify(minimal).length,
    });
  });

  test("every type that does not need a payload is valid without", () => {
    const needed = new Set(["lottery/ticket_purchased", "lottery/claim_reward", "sensor/reading"]);
    for (const [source, types] of Object.entries(EVENT_TYPES)) {
      for (const event_type of types) {
        const result = judge({ ...minimal, source, event_type });
        expect([source, event_type, result.ok]).toEqual([source, event_type, !needed.has(`${source}/${event_type}`)]);
      }
    }
  });

  test("ids in upper case are one with lower case", () => {
    expect(accepted({ ...minimal, event_id: minimal.event_id.toUpperCase() }).eventId).toBe(minimal.event_id);
  });

  test("unknown fields are kept as they were sent", () => {
    const text = JSON.stringify(ticket)
      .replace('"12.50"', '0.070,"points":12345678901234567890')
      .replace("{", '{"version":9007199254740993,"__proto__":{"polluted":true},"constructor":1,"tags":["a", 1e400],');
    const event = accepted(text);
    expect(event.payloadJson).toBe('{"amount":0.070,"points":12345678901234567890,"currency":"EUR"}');
    expect(event.extraJson).toBe(
      '{"version":9007199254740993,"__proto__":{"polluted":true},"constructor":1,"tags":["a", 1e400]}',
    );
    expect(event.amountE4).toBe(700);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("a prototype in the payload does not lend it fields", () => {
    const text = JSON.stringify(ticket).replace('"amount":"12.50"', '"__proto__":{"amount":"1"}');
    expect(refused(text).reason).toBe("payload.amount: is required");
  });

  test("of two equal keys the last counts", () => {
    const text = JSON.stringify(ticket).replace("{", '{"user_id":"first","x":1,"x":2,"payload":{"amount":"1"},');
    const event = accepted(text);
    expect([event.userId, event.extraJson, event.payloadJson]).toEqual([
      "user123",
      '{"x":2}',
      '{"amount":"12.50","currency":"EUR"}',
    ]);
  });

  test("escapes of payload strings stay escapes, also NUL and lone surrogates", () => {
    const raw = String.raw`{"element":"\u0000 \ud800 é"}`;
    expect(accepted(`${JSON.stringify(minimal).slice(0, -1)},"payload":${raw}}`).payloadJson).toBe(raw);
  });

  test("only payloads of money carry an amount", () => {
    const purchase = { ...minimal, event_type: "purchase", payload: { amount: 3, currency: "USD" } };
    expect(accepted(purchase)).toMatchObject({ amountE4: 30_000, currency: "USD" });
    const click = { ...minimal, payload: { element: "x", amount: 3, currency: "USD" } };
    expect(accepted(click)).toMatchObject({ amountE4: 0, currency: "" });
  });

  test("nesting of any depth in unknown fields is kept", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(accepted(`${JSON.stringify(minimal).slice(0, -1)},"deep":${deep}}`).extraJson).toBe(`{"deep":${deep}}`);
  });
});

describe("age", () => {
  const at = (offsetMs: number) => ({
    ...minimal,
    event_time: new Date(broker.appendTimeMs + offsetMs).toISOString(),
  });

  test("is judged by the append time, limits included", () => {
    expect(judge(at(-broker.maxAgeMs)).ok).toBe(true);
    expect(refused(at(-broker.maxAgeMs - 1)).errorClass).toBe("too_old");
    expect(judge(at(broker.maxFutureMs)).ok).toBe(true);
    expect(refused(at(broker.maxFutureMs + 1)).errorClass).toBe("in_future");
  });

  test.each(["1970-01-01T00:00:00Z", "1999-12-31T23:59:59+14:00"])("%p is too old", (time) => {
    expect(refused({ ...minimal, event_time: time }).errorClass).toBe("too_old");
  });
});

describe("properties", () => {
  /** Checks what must hold for any verdict. */
  function check(bytes: Uint8Array): void {
    const result = parseEvent(bytes, broker);
    if (result.ok) {
      expect(EventSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).success).toBe(true);
      return;
    }
    expect(DEAD_LETTER_CLASSES).toContain(result.errorClass);
    expect(result.reason.length).toBeLessThanOrEqual(300);
    if (bytes.length > 12) expect(result.reason).not.toContain(new TextDecoder().decode(bytes));
  }

  test("never throws: any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 2000 });
  });

  test("never throws: any JSON", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => check(encoder.encode(text))),
      { numRuns: 2000 },
    );
  });

  test("never throws: a valid event with one byte changed, removed or doubled", () => {
    const bytes = encoder.encode(JSON.stringify(ticket));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.constantFrom(0, 1, 2), (at, byte, copies) => {
        const middle = new Uint8Array(copies).fill(byte);
        check(Uint8Array.from([...bytes.slice(0, at), ...middle, ...bytes.slice(at + 1)]));
      }),
      { numRuns: 5000 },
    );
  });

  test("never throws: any value in any field", () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom("constructor", "__proto__", "toString", "hasOwnProperty"));
    const field = fc.constantFrom(...Object.keys(ticket));
    fc.assert(
      fc.property(fc.dictionary(field, value, { maxKeys: 3 }), (fields) => {
        check(encoder.encode(JSON.stringify({ ...ticket, ...fields })));
      }),
      { numRuns: 5000 },
    );
  });

  test("canonicalisation is idempotent", () => {
    const canonical = (event: ParsedEvent) => ({
      ...JSON.parse(event.extraJson || "{}"),
      event_id: event.eventId,
      user_id: event.userId,
      source: event.source,
      event_type: event.eventType,
      event_time: new Date(event.eventTimeMs).toISOString(),
      received_time: new Date(event.receivedTimeMs).toISOString(),
      ...(event.payloadJson === "" ? {} : { payload: JSON.parse(event.payloadJson) }),
    });
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 0, max: 999_999_999 }), fc.boolean(), (id, e4, upper) => {
        const first = accepted({
          ...ticket,
          event_id: upper ? id.toUpperCase() : id,
          event_time: "2025-07-30T14:00:00.123456+02:00",
          payload: { amount: (e4 / 10_000).toFixed(4), currency: "EUR", note: id },
          extra: e4,
        });
        const { sizeBytes: _, ...again } = accepted(canonical(first));
        expect(first).toMatchObject(again);
      }),
    );
  });
});
