import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EVENT_TYPES, parseEvent, SOURCES } from "../../shared/event/index.ts";
import { type AuditedEvent, createContract } from "./contract.ts";
import { shippedDocuments } from "./documents.ts";
import { moneyOf } from "./record.ts";

const limits = { maxAgeMs: 30 * 86_400_000, maxFutureMs: 600_000, maxBytes: 5_000 };
const appendMs = Date.UTC(2026, 4, 1, 12);
const judge = createContract(limits, shippedDocuments());

const flatten = ({ columns, ...event }: AuditedEvent) => ({ ...event, ...moneyOf(columns) });

/** Both readings of the contract of one message; they share no parsing code and must agree. */
function both(value: Uint8Array | string | null) {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  const mine = judge(bytes, appendMs);
  const theirs = parseEvent(bytes, { appendTimeMs: appendMs, ...limits });
  const flat = theirs.ok
    ? {
        id: theirs.event.eventId,
        timeMs: theirs.event.eventTimeMs,
        source: theirs.event.source,
        type: theirs.event.eventType,
        userId: theirs.event.userId,
        sessionId: theirs.event.sessionId,
        amountE4: BigInt(theirs.event.amountE4),
        currency: theirs.event.currency,
        receivedMs: theirs.event.receivedTimeMs,
        payload: theirs.event.payloadJson,
        extra: theirs.event.extraJson,
      }
    : theirs.errorClass;
  return { mine: mine.ok ? flatten(mine.event) : mine.errorClass, theirs: flat };
}

function expectAgreement(value: Uint8Array | string | null) {
  const { mine, theirs } = both(value);
  expect(mine as unknown).toEqual(theirs);
  return mine;
}

const base = {
  event_id: "7F1D0000-1111-4222-8333-444455556666",
  user_id: "u",
  event_type: "click",
  event_time: "2026-05-01T11:59:59.9999+00:00",
  received_time: "2026-05-01T12:00:00Z",
};
const withFields = (fields: Record<string, unknown>) => JSON.stringify({ ...base, ...fields });
const ticket = (payload: unknown) => withFields({ source: "lottery", event_type: "ticket_purchased", payload });

describe("the audit's reading of the contract", () => {
  test("of a schema registry's frame and of a CloudEvent", () => {
    expect(expectAgreement(Buffer.from([0, 0, 0, 0, 42, 6, 97, 98, 99]))).toBe("malformed_json");
    expect(expectAgreement(Buffer.concat([Buffer.alloc(5), Buffer.from(JSON.stringify(base))]))).toBe("malformed_json");
    const cloudEvent = { specversion: "1.0", id: "A-1", source: "/shop/7", type: "com.example.order.paid", data: {} };
    expect(expectAgreement(JSON.stringify(cloudEvent))).toBe("schema");
    expect(expectAgreement(JSON.stringify({ ...cloudEvent, ...base, source: "web" }))).toMatchObject({ source: "web" });
  });

  test("of the minimal event", () => {
    expect(expectAgreement(JSON.stringify(base))).toEqual({
      id: "7f1d0000-1111-4222-8333-444455556666",
      timeMs: appendMs - 1,
      source: "web",
      type: "click",
      userId: "u",
      sessionId: "",
      amountE4: 0n,
      currency: "",
      receivedMs: appendMs,
      payload: "",
      extra: "",
    });
  });

  test("agrees about the original text of payload and unknown fields", () => {
    const head = JSON.stringify(base).slice(0, -1);
    const event = expectAgreement(
      `${head} , "a" : [1, {"b:":",}"}] ,"payload":{ "element":"x\\"}", "n":1.0 }\n, "a":2,"\\u0062":"é\\"" }`,
    );
    expect(event).toMatchObject({ payload: '{ "element":"x\\"}", "n":1.0 }', extra: '{"a":2,"b":"é\\""}' });
    const space = fc.constantFrom("", " ", "\n\t");
    const key = fc.oneof(fc.constantFrom("payload", "extra", "a", "1", "__proto__"), fc.string());
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.json({ maxDepth: 3 }), space), { maxLength: 6 }), space, (fields, end) => {
        const more = fields
          // A payload must be an object, or the message is refused.
          .filter(([name, value]) => name !== "payload" || value.startsWith("{"))
          .map(([name, value, gap]) => `${gap},${gap}${JSON.stringify(name)}${gap}:${value}`);
        expectAgreement(`${head}${more.join("")}}${end}`);
      }),
      { numRuns: 500 },
    );
  });

  test("agrees with the consumer's about every kind of bad input", () => {
    const inputs: (string | Uint8Array | null)[] = [
      null,
      "",
      " ",
      "null",
      "[]",
      "{}",
      '"x"',
      "{",
      "\uFEFF{}",
      Buffer.from([0xff, 0xfe]),
      "x".repeat(5_001),
      `${"[".repeat(2_000)}${"]".repeat(2_000)}`,
      `${JSON.stringify(base).slice(0, -1)},"deep":${"[".repeat(2_000)}${"]".repeat(2_000)}}`,
      withFields({ event_id: "nope" }),
      withFields({ user_id: "" }),
      withFields({ user_id: "a\u0000" }),
      withFields({ user_id: "😀".repeat(256) }),
      withFields({ user_id: "😀".repeat(257) }),
      withFields({ user_id: "\ud800" }),
      withFields({ user_id: 5 }),
      withFields({ session_id: null }),
      withFields({ source: "mars" }),
      withFields({ source: null }),
      withFields({ source: "lottery" }),
      withFields({ payload: [] }),
      withFields({ payload: null }),
      withFields({ payload: { element: 1 } }),
      withFields({ payload: { element: "x", deep: { more: [1] } } }),
      withFields({ payload: { element: "x" } }).replace('"x"', '"x","huge":1e400'),
      withFields({
        source: "sensor",
        event_type: "reading",
        payload: { device: "d", metric: "m", value: 123, unit: "C" },
      }).replace("123", "1e400"),
      withFields({ __proto__: 1, constructor: 2, unknown: [1] }),
      `{"__proto__":{"event_id":"x"},${JSON.stringify(base).slice(1)}`,
      `{"event_id":"x",${JSON.stringify(base).slice(1)}`,
      `${JSON.stringify(base).slice(0, -1)},"user_id":7}`,
    ];
    for (const input of inputs) expectAgreement(input);
  });

  test("agrees about times", () => {
    const times = [
      "2026-05-01T12:10:00Z",
      "2026-05-01T12:10:00.001Z",
      "2026-04-01T12:00:00Z",
      "2026-04-01T11:59:59.999Z",
      "2026-05-01T12:00:00.123456789+05:30",
      "2026-05-01T00:00:00-23:59",
      "2026-05-01T12:00:00.1234567891Z",
      "2026-02-30T12:00:00Z",
      "2026-05-01T12:00:60Z",
      "2026-05-01T24:00:00Z",
      "2026-05-01 12:00:00Z",
      "2026-05-01T12:00:00",
      "2026-05-01T12:00:00z",
      "1969-12-31T23:59:59Z",
      "2106-02-06T23:59:59Z",
      "9999-01-01T00:00:00Z",
      "",
    ];
    for (const event_time of times) expectAgreement(withFields({ event_time }));
    for (const received_time of times) expectAgreement(withFields({ received_time }));
  });

  test("agrees about money", () => {
    const amounts = [
      0,
      -0,
      0.07,
      12.5,
      1e-4,
      1e-5,
      99999999999.9999,
      1e11,
      -1,
      1e21,
      "0",
      "0.1",
      "00.1",
      "1.23456",
      "1e3",
      "",
      "-1",
      null,
    ];
    for (const amount of amounts) expectAgreement(ticket({ amount, currency: "EUR" }));
    for (const currency of ["EUR", "eur", "EURO", "", 5]) expectAgreement(ticket({ amount: "1", currency }));
    expect(expectAgreement(ticket({ amount: 0.07, currency: "EUR" }))).toMatchObject({ amountE4: 700n });
    expectAgreement(ticket(undefined));
    expectAgreement(withFields({ event_type: "purchase" }));
    expectAgreement(withFields({ event_type: "purchase", payload: { amount: "3", currency: "USD" } }));
    expectAgreement(withFields({ payload: { element: "x", amount: "3", currency: "USD" } }));
  });

  test("agrees about anything near an event", () => {
    const types = SOURCES.flatMap((source) => EVENT_TYPES[source].map((type) => ({ source, type })));
    const value = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant("EUR"));
    const names = fc.constantFrom(
      "amount",
      "currency",
      "element",
      "url",
      "device",
      "metric",
      "value",
      "unit",
      "screen",
      "x",
    );
    const near = fc.record(
      {
        event_id: fc.oneof({ weight: 8, arbitrary: fc.uuid() }, fc.string()),
        user_id: fc.oneof({ weight: 8, arbitrary: fc.string({ unit: "binary", minLength: 1 }) }, value),
        session_id: fc.oneof(fc.string({ minLength: 1 }), value),
        event_time: fc.oneof(
          {
            weight: 8,
            arbitrary: fc
              .integer({ min: -32 * 86_400_000, max: 700_000 })
              .map((ms) => new Date(appendMs + ms).toISOString()),
          },
          fc.string(),
        ),
        received_time: fc.constant(base.received_time),
        payload: fc.oneof(fc.dictionary(names, value), value),
        extra: value,
      },
      { requiredKeys: ["event_id", "user_id", "event_time", "received_time"] },
    );
    fc.assert(
      fc.property(near, fc.constantFrom(...types), fc.boolean(), (fields, { source, type }, named) => {
        expectAgreement(JSON.stringify({ ...fields, event_type: type, ...(named ? { source } : {}) }));
      }),
      { numRuns: 2_000 },
    );
  });
});
