import { describe, expect, test } from "bun:test";
import type { DeadLetterClass } from "./dead-letter.ts";
import { parseEvent } from "./parse.ts";
import { accepted, broker, encoder, minimal, refused, ticket, withRaw } from "./testing/judging.ts";

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
