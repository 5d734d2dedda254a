import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DEAD_LETTER_CLASSES, type DeadLetterClass } from "./dead-letter.ts";
import { type BrokerContext, type ParsedEvent, parseEvent } from "./parse.ts";
import { EVENT_TYPES, EventSchema } from "./schema.ts";

const MINUTE_MS = 60_000;
const broker: BrokerContext = {
  appendTimeMs: Date.UTC(2025, 6, 30, 12, 1),
  maxAgeMs: 30 * 86_400_000,
  maxFutureMs: 10 * MINUTE_MS,
  maxBytes: 1_000_000,
};
const minimal = {
  event_id: "7f1d0000-1111-2222-3333-444455556666",
  user_id: "user123",
  event_type: "click",
  event_time: "2025-07-30T12:00:00Z",
  received_time: "2025-07-30T12:00:03Z",
};
const ticket = {
  ...minimal,
  source: "lottery",
  event_type: "ticket_purchased",
  payload: { amount: "12.50", currency: "EUR" },
};
const encoder = new TextEncoder();

function judge(message: unknown) {
  const text = typeof message === "string" ? message : JSON.stringify(message);
  return parseEvent(encoder.encode(text), broker);
}

function accepted(message: unknown): ParsedEvent {
  const result = judge(message);
  if (!result.ok) throw new Error(`${result.errorClass}: ${result.reason}`);
  return result.event;
}

function refused(message: unknown): { errorClass: DeadLetterClass; reason: string } {
  const result = judge(message);
  if (result.ok) throw new Error("was accepted");
  return result;
}

/** The minimal event as text with one field's JSON replaced. */
function withRaw(field: keyof typeof minimal, raw: string): string {
  return JSON.stringify(minimal).replace(JSON.stringify(minimal[field]), () => raw);
}

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

describe("refused by bytes", () => {
  const cases: [string, Uint8Array | null, DeadLetterClass][] = [
    ["tombstone", null, "empty"],
    ["no bytes", new Uint8Array(), "empty"],
    ["over the limit", new Uint8Array(1_000_001).fill(0x20), "too_large"],
    ["white space", encoder.encode(" \n"), "malformed_json"],
    ["byte order mark", encoder.encode(`\uFEFF${JSON.stringify(minimal)}`), "malformed_json"],
    ["invalid UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d), "malformed_json"],
    ["surrogate as UTF-8", Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), "malformed_json"],
    ["overlong UTF-8", Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), "malformed_json"],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0), "malformed_json"],
    ["compressed", Bun.gzipSync(JSON.stringify(minimal)), "malformed_json"],
    ["raw NUL", encoder.encode(`${JSON.stringify(minimal)}\0`), "malformed_json"],
  ];
  test.each(cases)("%s", (_name, bytes, errorClass) => {
    const result = parseEvent(bytes, broker);
    expect(result.ok ? "ok" : result.errorClass).toBe(errorClass);
  });
});

test("a message cut within a character does not spoil the next one", () => {
  const whole = encoder.encode(JSON.stringify({ ...minimal, user_id: "€" }));
  const cut = whole.slice(0, whole.indexOf(0xe2) + 2);
  for (let i = 0; i < 3; i++) {
    expect(parseEvent(cut, broker).ok).toBe(false);
    expect(parseEvent(whole, broker).ok).toBe(true);
  }
});

describe("refused by form", () => {
  const text = JSON.stringify(minimal);
  const malformed = [
    text.slice(0, -1),
    text.slice(0, 40),
    "{",
    "nope",
    `${text}${text}`,
    `${text},`,
    withRaw("user_id", "NaN"),
    withRaw("user_id", "'x'"),
    withRaw("user_id", '"a\nb"'),
    "[".repeat(500_000),
    '{"a":'.repeat(100_000),
  ];
  test.each(malformed.map((message) => [message.slice(0, 60), message]))("%p is not JSON", (_head, message) => {
    expect(refused(message).errorClass).toBe("malformed_json");
  });

  const schema: [string, unknown, string][] = [
    ["array", [minimal], "event: must be of type object"],
    ["null", null, "event: must be of type object"],
    ["number", 5, "event: must be of type object"],
    ["string", JSON.stringify("x"), "event: must be of type object"],
    ["nothing", {}, "event_type: is required"],
    ["depth bomb", "[".repeat(100_000) + "]".repeat(100_000), "event: must be of type object"],
    ["missing id", { ...minimal, event_id: undefined }, "event_id: is required"],
    ["not a uuid", { ...minimal, event_id: "order-1" }, "event_id: must be a UUID"],
    ["uuid in braces", { ...minimal, event_id: `{${minimal.event_id}}` }, "event_id: must be a UUID"],
    ["uuid with newline", { ...minimal, event_id: `${minimal.event_id}\n` }, "event_id: must be a UUID"],
    ["numeric id", { ...minimal, event_id: 1 }, "event_id: must be of type string"],
    ["empty user", { ...minimal, user_id: "" }, "user_id: must have 1 to 256"],
    ["long user", { ...minimal, user_id: "x".repeat(257) }, "user_id: must have 1 to 256"],
    ["NUL in user", { ...minimal, user_id: "a\0b" }, "user_id: must have"],
    ["lone surrogate in user", withRaw("user_id", String.raw`"\ud800"`), "user_id: must have"],
    ["lone surrogate in session", { ...minimal, session_id: "\udc00" }, "session_id: must have"],
    ["null session", { ...minimal, session_id: null }, "session_id: must be of type string"],
    ["epoch seconds", { ...minimal, event_time: 1753876800 }, "event_time: must be of type string"],
    ["epoch text", { ...minimal, event_time: "1753876800000" }, "event_time: must be an ISO 8601"],
    ["leap second", { ...minimal, event_time: "2025-06-30T23:59:60Z" }, "event_time: must be an ISO 8601"],
    ["no offset", { ...minimal, received_time: "2025-07-30T12:00:00" }, "received_time: must be an ISO 8601"],
    ["1969", { ...minimal, event_time: "1969-12-31T23:59:59Z" }, "event_time: must be an ISO 8601"],
    ["9999", { ...minimal, received_time: "9999-12-31T23:59:59Z" }, "received_time: must be an ISO 8601"],
    [
      "unknown type",
      { ...minimal, event_type: "login" },
      "event_type: not a type of source web, which has page_view, click",
    ],
    ["prototype's name as type", { ...minimal, event_type: "__proto__" }, "event_type: not a type of source web"],
    ["type of wrong type", { ...minimal, event_type: ["click"] }, "event_type: not a type of source web"],
    ["unknown source", { ...minimal, source: "fridge" }, "source: must be one of lottery, web, mobile, sensor"],
    ["null source", { ...minimal, source: null }, "source: must be one of"],
    ["prototype's name as source", { ...minimal, source: "constructor" }, "source: must be one of"],
    ["null payload", { ...minimal, payload: null }, "payload: must be of type object"],
    ["array payload", { ...minimal, payload: [] }, "payload: must be of type object"],
    ["ticket without payload", { ...ticket, payload: undefined }, "payload: is required"],
    ["ticket without currency", { ...ticket, payload: { amount: 1 } }, "payload.currency: is required"],
    [
      "currency in lower case",
      { ...ticket, payload: { amount: 1, currency: "eur" } },
      "payload.currency: must be three",
    ],
    [
      "five decimals",
      { ...ticket, payload: { amount: 0.12345, currency: "EUR" } },
      "payload.amount: must be a decimal",
    ],
    ["negative", { ...ticket, payload: { amount: -1, currency: "EUR" } }, "payload.amount: must be a decimal"],
    [
      "too much",
      { ...ticket, payload: { amount: "100000000000", currency: "EUR" } },
      "payload.amount: must be a decimal",
    ],
    ["1e400", JSON.stringify(ticket).replace('"12.50"', "1e400"), "payload.amount: must be a decimal"],
    [
      "numbers beyond 2^53",
      { ...ticket, payload: { amount: 1, currency: "EUR", numbers: [2 ** 53] } },
      "payload.numbers.0",
    ],
  ];
  test.each(schema)("%s", (_name, message, reason) => {
    const result = refused(message);
    expect(result.errorClass).toBe("schema");
    expect(result.reason).toStartWith(reason);
  });
});

describe("long lists", () => {
  const withNumbers = (numbers: unknown, fields: object = {}) => ({
    ...ticket,
    payload: { ...ticket.payload, numbers, ...fields },
  });
  const ones = (length: number) => new Array<unknown>(length).fill(1);

  test("a wrong item is named wherever it stands, a right list is taken", () => {
    expect(accepted(withNumbers(ones(100_000))).source).toBe("lottery");
    for (const at of [0, 999, 1_000, 1_001, 2_500, 4_999]) {
      const numbers = ones(5_000);
      numbers[at] = "x";
      expect(refused(withNumbers(numbers)).reason).toStartWith(`payload.numbers.${at}: must be of type number`);
    }
    // Lists that the contract says nothing about are not looked into.
    expect(accepted(withNumbers([1], { other: new Array(5_000).fill("x") })).eventType).toBe("ticket_purchased");
    expect(refused(withNumbers(ones(5_000), { currency: "x" })).reason).toContain("payload.currency");
  });

  test("a megabyte of wrong items costs no more than a megabyte of right ones", () => {
    const bytes = encoder.encode(JSON.stringify(withNumbers(new Array(240_000).fill(""))));
    parseEvent(bytes, broker);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 5; i++) expect(parseEvent(bytes, broker)).toMatchObject({ ok: false, errorClass: "schema" });
    expect(process.memoryUsage.rss() - before).toBeLessThan(150_000_000);
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
