import fc from "fast-check";

/** Texts of events: valid ones in all their forms, and pieces that look like events and are none. */

/** A payload with every field, by `source/type`. */
const PAYLOADS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "lottery/login": { method: "password" },
  "lottery/view_numbers": { draw_id: "d1" },
  "lottery/ticket_purchased": { amount: "12.5", currency: "EUR", draw_id: "d", ticket_id: "t", numbers: [0, 7, 49] },
  "lottery/claim_reward": { amount: 12_345.67, currency: "USD", draw_id: "d", ticket_id: "t" },
  "lottery/logout": { reason: "timeout" },
  "web/page_view": { url: "/", title: "Start – 1 €", referrer: "" },
  "web/click": { element: "a", url: "/" },
  "web/search": { query: 'café "x" \\ \n', results: 3 },
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
/** Types whose payload may be left out. */
const BARE = Object.keys(PAYLOADS).filter(
  (name) => !["lottery/ticket_purchased", "lottery/claim_reward", "sensor/reading"].includes(name),
);

const DAY_MS = 86_400_000;

/** Any number of distinct ids: without the bias towards small values that fast-check has otherwise. */
export const uuid = fc.noBias(fc.uint8Array({ minLength: 16, maxLength: 16 })).map((bytes) => {
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
});

/** The same moment in one of the forms that the contract knows. */
function timeText(ms: number, form: number): string {
  const utc = new Date(ms).toISOString();
  switch (form % 6) {
    case 0:
      return `${utc.slice(0, 19)}Z`;
    case 1:
      return `${new Date(ms + 2 * 3_600_000).toISOString().slice(0, 23)}+02:00`;
    case 2:
      return `${new Date(ms - 5.5 * 3_600_000).toISOString().slice(0, 23)}-05:30`;
    case 3:
      return `${utc.slice(0, 23)}999999Z`;
    case 4:
      return `${utc.slice(0, 21)}Z`;
    default:
      return utc;
  }
}

/** A moment that is neither too old nor in the future for a message sent within minutes of `baseMs`. */
function timely(baseMs: number): fc.Arbitrary<string> {
  const agoMs = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 120_000 }) },
    fc.integer({ min: -400_000, max: 29 * DAY_MS }),
  );
  return fc.tuple(agoMs, fc.nat(5)).map(([ago, form]) => timeText(baseMs - ago, form));
}

/** Members of an object as text, in the order in which they are to be written. */
export type Members = [key: string, value: string][];

/** A member list as JSON, with white space here and there. */
export function writeObject(members: Members, space = ""): string {
  return `{${space}${members.map(([key, value]) => `${JSON.stringify(key)}${space}:${space}${value}`).join(`${space},${space}`)}}`;
}

const extras: fc.Arbitrary<Members> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Members>([]) },
  fc.constantFrom<Members[]>(
    [["schema_version", "2"]],
    [["n", "9007199254740993"]],
    [["n", "1e400"]],
    [["n", "-0"]],
    [["n", "0.10"]],
    [["a b", "null"]],
    [["constructor", "{}"]],
    [["toString", '"x"']],
    [["__proto__", '{"source":"sensor"}']],
    [["nested", '{"event_id":"x","payload":[{"a":1},[]]}']],
    [["text", '"\\u0000 \\ud800 \\" é 😀"']],
  ),
  fc
    .array(fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), fc.json({ maxDepth: 2 })), { maxLength: 3 })
    .map((list) => {
      const own = new Map(list.map(([key, value]) => [`x_${key}`, value]));
      return [...own];
    }),
);

/** The members of a valid event that is timely around `baseMs`. */
export function validMembers(baseMs: number): fc.Arbitrary<Members> {
  return fc
    .record({
      kind: fc.constantFrom(...Object.keys(PAYLOADS)),
      id: uuid,
      upper: fc.nat(9),
      user: fc.oneof(fc.constant("hot"), fc.constantFrom("Zoë", "😀", "a b", "x".repeat(256), "ü\n"), uuid),
      eventTime: timely(baseMs),
      receivedTime: timely(baseMs),
      session: fc.option(fc.constantFrom("s", "é", "y".repeat(256)), { nil: undefined }),
      full: fc.nat(3),
      more: extras,
      turn: fc.nat(11),
    })
    .map(({ kind, id, upper, user, eventTime, receivedTime, session, full, more, turn }) => {
      const [source, type] = kind.split("/");
      const named = source !== "web" || turn % 2 === 0;
      const members: Members = [
        ["event_id", upper === 0 ? id.toUpperCase() : id],
        ["user_id", user],
        ["event_type", type ?? ""],
        ["event_time", eventTime],
        ["received_time", receivedTime],
        ...(named ? ([["source", source ?? ""]] as Members) : []),
        ...(session === undefined ? [] : ([["session_id", session]] as Members)),
      ].map(([key = "", value]) => [key, JSON.stringify(value)]);
      if (full > 0 || !BARE.includes(kind)) members.push(["payload", JSON.stringify(PAYLOADS[kind])]);
      members.push(...more);
      return [...members.slice(turn % members.length), ...members.slice(0, turn % members.length)];
    });
}

const space = fc.constantFrom("", "", "", "", " ", "\n\t");

/** A valid event as text. */
export function validEvent(baseMs: number): fc.Arbitrary<string> {
  return fc.tuple(validMembers(baseMs), space).map(([members, gap]) => writeObject(members, gap));
}

/** Values as text that are right in few places: numbers at the limits of types, times at the limits of ranges, and so on. */
export const TRICKY: readonly string[] = [
  ...[
    '""',
    '"x"',
    '"\\u0041"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\x"',
    '"\t"',
    '"é"',
    '"\u0000"',
    '"\\u0000"',
    '"\\/"',
  ],
  ...[
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[1,2]",
    "[1,]",
    "[1.5]",
    "[-1]",
    '{"a":{"b":[]}}',
    "[".repeat(40),
    "undefined",
  ],
  ...[
    "0",
    "-0",
    "1",
    "-1",
    "01",
    "1.",
    ".5",
    "+1",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e3",
    "1E400",
    "1e-400",
    "-1.5e-3",
  ],
  ...["0.0001", "0.00001", "1.00000", "99999999999.9999", "100000000000", "12.345678901234567", "0x10", "1_000"],
  ...["9007199254740991", "9007199254740992", "9007199254740993", "123456789012345678901234567890", "1.0"],
  ...['"0"', '"00.5"', '"12.5"', '"12.50000"', '"-1"', '"1e3"', '"12.5 "', '"EUR"', '"EURO"', '"eur"', '"ＥＵＲ"'],
  ...['"info"', '"web"', '"lottery"', '"sensor"', '"click"', '"purchase"', '"alarm"', '"Click"', '"click "'],
  // Times: epochs in s, ms and µs, years outside, a leap second, and forms that other parsers take.
  ...["1763700000", "1763700000000", "1763700000000000", '"1763700000"', '"1763700000000"'],
  ...['"1969-12-31T23:59:59Z"', '"1970-01-01T00:00:00Z"', '"1970-01-01T00:00:00+01:00"', '"2106-02-06T23:59:59.999Z"'],
  ...['"2106-02-07T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"+010000-01-01T00:00:00Z"', '"2016-12-31T23:59:60Z"'],
  ...['"2025-02-30T12:00:00Z"', '"2025-07-30T24:00:00Z"', '"2025-07-30 12:00:00Z"', '"2025-07-30t12:00:00z"'],
  ...['"2025-07-30T12:00:00"', '"2025-07-30"', '"2025-W31-3"', '"2025-07-30T12:00:00+24:00"', '"2025-07-30T12:00Z"'],
  ...['"2025-07-30T12:00:00.1234567890Z"', '"2025-07-30T12:00:00,5Z"', '"Wed, 30 Jul 2025 12:00:00 GMT"', '"now"'],
  // Ids in forms that others take for UUIDs.
  ...[
    '"7F1D0000-1111-2222-3333-444455556666"',
    '"{7f1d0000-1111-2222-3333-444455556666}"',
    '"7f1d000011112222333344445556666"',
  ],
  ...['"urn:uuid:7f1d0000-1111-2222-3333-444455556666"', '"7f1d0000-1111-2222-3333-44445555666g"', '"order-1"', "7"],
];

const NAMES = [
  ...["event_id", "user_id", "event_type", "event_time", "received_time", "source", "session_id", "payload"],
  ...["amount", "currency", "items", "url", "value", "severity", "numbers", "__proto__", "constructor", "version"],
];

/** A valid event into which wrong or doubled members were put, at the top or in the payload; the id stays its own. */
export function nearlyValid(baseMs: number): fc.Arbitrary<string> {
  const change = fc.record({
    name: fc.constantFrom(...NAMES),
    value: fc.constantFrom(...TRICKY),
    how: fc.nat(3),
    at: fc.nat(20),
  });
  return fc
    .tuple(validMembers(baseMs), fc.array(change, { minLength: 1, maxLength: 3 }), space)
    .map(([valid, changes, gap]) => {
      const members = [...valid];
      for (const { name, value, how, at } of changes) {
        const index = members.findIndex(([key]) => key === name);
        const inPayload = members.findIndex(([key]) => key === "payload");
        if (how === 0 && index >= 0) members[index] = [name, value];
        else if (how === 1 && index >= 0) members.splice(index, 1);
        else if (how === 2 && inPayload >= 0) {
          const [, payload = "{}"] = members[inPayload] ?? [];
          const added = `${JSON.stringify(name)}:${value}`;
          members[inPayload] = [
            "payload",
            at % 2 === 0 ? `{${added},${payload.slice(1)}` : `${payload.slice(0, -1)},${added}}`,
          ];
        } else members.splice(at % (members.length + 1), 0, [name, value]);
      }
      return writeObject(members, gap);
    });
}

/** The bytes with a few of them changed, removed, doubled, or moved. */
export function damaged(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.nat(4), length: fc.nat(12) });
  return fc.tuple(bytes, fc.array(change, { minLength: 1, maxLength: 4 })).map(([original, changes]) => {
    let result = original;
    for (const { at, byte, how, length } of changes) {
      const from = result.length === 0 ? 0 : at % result.length;
      const [head, tail] = [result.subarray(0, from), result.subarray(from)];
      if (how === 0) result = Buffer.concat([head, Buffer.of(byte), tail.subarray(1)]);
      else if (how === 1) result = Buffer.concat([head, tail.subarray(length)]);
      else if (how === 2) result = Buffer.concat([head, tail.subarray(0, length), tail]);
      else if (how === 3) result = Buffer.concat([head, Buffer.of(byte), tail]);
      else result = Buffer.concat([head, tail.subarray(1, 2), tail.subarray(0, 1), tail.subarray(2)]);
    }
    return result;
  });
}
