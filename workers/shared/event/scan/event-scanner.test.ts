import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseEvent } from "../parse.ts";
import { EVENT_TYPES } from "../schema.ts";
import { EventScanner } from "./event-scanner.ts";

/** No event is too old, too new or too large here: what is compared is the contract. */
const ANY_TIME = { appendTimeMs: 0, maxAgeMs: 1e15, maxFutureMs: 1e15, maxBytes: 1e9 };
const scanner = new EventScanner();

/** What the scanner read, in the form of `parseEvent`; undefined when it leaves the message to `parseEvent`. */
function scanned(bytes: Buffer) {
  if (!scanner.scan(bytes)) return undefined;
  const text = (from: number, to: number) => bytes.toString("utf8", from, to);
  const { currencyAt, rule } = scanner;
  return {
    eventId: text(scanner.idAt, scanner.idAt + 36).toLowerCase(),
    userId: text(scanner.userAt, scanner.userEnd),
    source: rule.source,
    eventType: rule.eventType,
    eventTimeMs: scanner.eventTimeMs,
    receivedTimeMs: scanner.receivedTimeMs,
    sessionId: text(scanner.sessionAt, scanner.sessionEnd),
    amountE4: scanner.amountE4,
    currency: currencyAt === 0 ? "" : text(currencyAt, currencyAt + 3),
    payloadJson: text(scanner.payloadAt, scanner.payloadEnd),
    extraJson: scanner.extraJson,
  };
}

/** Whether the scanner accepted; if it did, it must have read what `parseEvent` reads. */
function agrees(message: string | Uint8Array): boolean {
  const bytes = Buffer.from(message);
  const fast = scanned(bytes);
  if (fast === undefined) return false;
  const slow = parseEvent(bytes, ANY_TIME);
  if (!slow.ok) throw new Error(`accepted what is refused (${slow.reason}): ${bytes}`);
  const { eventMinuteS: _, sizeBytes: __, ...event } = slow.event;
  expect(fast).toEqual(event);
  return true;
}

const base = {
  event_id: "7F1D0000-1111-2222-3333-444455556666",
  user_id: "user123",
  event_time: "2025-07-30T12:00:00.123Z",
  received_time: "2025-07-30T14:00:03+02:00",
};

/** A payload with every field, by source and type. */
const FULL: Record<string, Record<string, unknown>> = {
  "lottery/login": { method: "password" },
  "lottery/view_numbers": { draw_id: "d1" },
  "lottery/ticket_purchased": { amount: "12.5", currency: "EUR", draw_id: "d", ticket_id: "t", numbers: [0, 7, 49] },
  "lottery/claim_reward": { amount: 12345678901.2345, currency: "USD", draw_id: "d", ticket_id: "t" },
  "lottery/logout": { reason: "timeout" },
  "web/page_view": { url: "/", title: "Start – 1 €", referrer: "" },
  "web/click": { element: "a", url: "/" },
  "web/search": { query: 'caf\u00e9 "x" \\ \n', results: 3 },
  "web/add_to_cart": { product_id: "p", quantity: 1 },
  "web/purchase": { amount: 0.07, currency: "EUR", order_id: "o", items: 2 },
  "web/signup": { plan: "free" },
  "mobile/app_open": { os: "x", app_version: "1.2" },
  "mobile/screen_view": { screen: "home" },
  "mobile/tap": { element: "b", screen: "home" },
  "mobile/push_received": { campaign: "c" },
  "mobile/purchase": { amount: "0", currency: "GBP", product_id: "p" },
  "mobile/app_close": { duration_ms: 1234 },
  "sensor/reading": { device: "d", metric: "m", value: -12.75, unit: "°C" },
  "sensor/alarm": { device: "d", severity: "critical", metric: "m", value: 0, threshold: -1.5, message: "!" },
  "sensor/heartbeat": { device: "d", uptime_s: 99 },
};

test("takes every event type of the contract the short way, with all of its payload", () => {
  for (const [source, types] of Object.entries(EVENT_TYPES)) {
    for (const event_type of types) {
      const payload = FULL[`${source}/${event_type}`];
      const event = { ...base, source, event_type, session_id: "s-1", payload: { ...payload, more: [{ a: null }] } };
      expect([source, event_type, agrees(JSON.stringify(event))]).toEqual([source, event_type, true]);
      expect(agrees(JSON.stringify(event, null, 2))).toBe(true);
    }
  }
});

test("takes the minimal event, fields in any order and unknown fields the short way", () => {
  expect(agrees(JSON.stringify({ ...base, event_type: "click" }))).toBe(true);
  expect(agrees(JSON.stringify({ payload: { element: "é" }, event_type: "click", ...base, source: "web" }))).toBe(true);
  expect(
    agrees(JSON.stringify({ ...base, user_id: "Zoë", event_type: "click", a: 1e30, "b c": { d: ["\\", "é"] } })),
  ).toBe(true);
  expect(agrees(` {"a" : 1 ,\t"event_type":"tap" , "source": "mobile",${JSON.stringify(base).slice(1)}\r\n`)).toBe(
    true,
  );
});

const tricky = fc.constantFrom(
  ...['""', '"x"', '"\\u0041"', '"\\ud800"', '"\\x"', '"\t"', '"é"', '"\u0000"', "null", "true", "0", "-0", "1", "-1"],
  ...["01", "1.", ".5", "1e3", "1E400", "-1.5e-3", "1.00000", "0.0001", "0.00001", "99999999999.9999", "100000000000"],
  ...["9007199254740991", "9007199254740993", "1.0", "+1", "NaN", "[]", "[1,2]", "[1,]", "[1.5]", "[-1]", "{}"],
  ...[
    '"0"',
    '"00.5"',
    '"12.5"',
    '"12.50000"',
    '"-1"',
    '"1e3"',
    '"12.5 "',
    '"EUR"',
    '"EURO"',
    '"eur"',
    '{"a":{"b":[]}}',
  ],
  ...['"info"', '"web"', '"lottery"', '"click"', '"purchase"', '"alarm"', '"2025-07-30T12:00:00Z"', "[".repeat(40)],
  ...['"2025-02-30T12:00:00Z"', '"2025-07-30T24:00:00Z"', '"2106-02-06T23:59:59-01:00"', '"1970-01-01T00:00:00+01:00"'],
);
const keys = fc.constantFrom(
  ...["event_id", "user_id", "event_type", "event_time", "received_time", "source", "session_id", "payload"],
  ...["amount", "currency", "items", "url", "value", "severity", "numbers", "__proto__", "new", "\\u0061", "é"],
);
const space = fc.constantFrom("", "", "", " ", "\n\t", "\u00a0");
const members = (values: fc.Arbitrary<string>) =>
  fc
    .array(fc.tuple(space, keys, space, values, space), { maxLength: 3 })
    .map((list) => list.map(([a, key, b, value, c]) => `${a}"${key}"${b}:${value}${c}`));

/** A valid event of any type, with some of its payload, tricky members added at random places. */
const nearlyValid = fc
  .record({
    kind: fc.constantFrom(...Object.entries(FULL)),
    dropped: fc.nat(255),
    more: members(tricky),
    morePayload: members(tricky),
    position: fc.nat(20),
    withPayload: fc.boolean(),
  })
  .map(({ kind: [name, full], dropped, more, morePayload, position, withPayload }) => {
    const [source, event_type] = name.split("/");
    const payload = Object.entries(full)
      .filter((_, i) => (dropped & (1 << i)) === 0)
      .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    payload.splice(position % (payload.length + 1), 0, ...morePayload);
    const fields = Object.entries({ ...base, event_type, source, session_id: "s" }).map(
      ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
    );
    if (withPayload) fields.splice(position % (fields.length + 1), 0, `"payload":{${payload.join(",")}}`);
    fields.splice((position * 7) % (fields.length + 1), 0, ...more);
    return `{${fields.join(",")}}`;
  });

test("property: never accepts what parseEvent refuses, and reads the same values", () => {
  let taken = 0;
  const total = 10_000;
  fc.assert(
    fc.property(nearlyValid, (text) => {
      if (agrees(text)) taken++;
    }),
    { numRuns: total },
  );
  // Otherwise the comparison would prove nothing.
  expect(taken).toBeGreaterThan(total / 50);
  expect(taken).toBeLessThan(total);
}, 60_000);

test("property: the same with bytes changed anywhere", () => {
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), copies: fc.constantFrom(0, 1, 1, 1, 2) });
  const damaged = fc.tuple(fc.constantFrom(...Object.entries(FULL)), fc.array(change, { minLength: 1, maxLength: 2 }));
  fc.assert(
    fc.property(damaged, ([[name, payload], changes]) => {
      const [source, event_type] = name.split("/");
      let bytes = Buffer.from(JSON.stringify({ ...base, source, event_type, payload }));
      for (const { at, byte, copies } of changes) {
        const index = at % bytes.length;
        const middle = Buffer.alloc(copies, byte);
        bytes = Buffer.concat([bytes.subarray(0, index), middle, bytes.subarray(index + 1)]);
      }
      agrees(bytes);
    }),
    { numRuns: 10_000 },
  );
}, 60_000);

test("property: times near limits read as parseIsoMs reads them", () => {
  const digits = (pool: string[]) => fc.constantFrom(...pool);
  const time = fc
    .tuple(
      digits([
        "1969-12-31",
        "1970-01-01",
        "1970-01-02",
        "2024-02-29",
        "2025-02-29",
        "2106-02-06",
        "2106-02-07",
        "2025-7-30",
      ]),
      digits(["T00:00:00", "T23:59:59", "T23:59:60", "t00:00:00", "T12:00", "T24:00:00", "T1a:00:00"]),
      digits(["", ".1", ".12", ".123", ".1239", ".123456789", ".1234567890", "."]),
      digits(["Z", "z", "+00:00", "-00:00", "+23:59", "-23:59", "+24:00", "+0100", "", "Z "]),
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(time, time, (event_time, received_time) => {
      const event = { ...base, event_type: "tap", source: "mobile", event_time, received_time };
      const parsed = parseEvent(Buffer.from(JSON.stringify(event)), ANY_TIME);
      expect(agrees(JSON.stringify(event))).toBe(parsed.ok);
    }),
    { numRuns: 3_000 },
  );
}, 60_000);
