import { describe, expect, test } from "bun:test";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { toAmountE4 } from "../../workers/shared/event/money.ts";
import { EVENT_TYPES, EventSchema, SOURCE_SCHEMAS } from "../../workers/shared/event/schema.ts";
import { buildJsonSchemas } from "./json-schema.ts";

function compile(name: string) {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  addFormats(ajv);
  const schema = buildJsonSchemas()[name];
  if (schema === undefined) throw new Error(`no ${name}`);
  return ajv.compile(schema);
}

const validates = compile("event.schema.json");

/** The rule that JSON Schema cannot state: where money moves, a number amount has at most four decimals. */
function hasExactAmount(event: unknown): boolean {
  const { payload, event_type } = event as { payload?: { amount?: unknown } | null; event_type?: unknown };
  const movesMoney = event_type === "ticket_purchased" || event_type === "claim_reward" || event_type === "purchase";
  const amount = payload?.amount;
  return !movesMoney || typeof amount !== "number" || toAmountE4(amount) !== undefined;
}

const types = Object.entries(EVENT_TYPES).flatMap(([source, names]) => names.map((name) => [source, name] as const));
const amount = fc.oneof(
  fc.constantFrom("12.50", "0", 3, 0.07, "1e3", "-1", -1, 1e11, "100000000000", "1.23456", 0.5, true, null, "01", -0),
  fc.nat(1_000_000).map((cents) => cents / 100),
);
const text = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom("\ud800", "\0", "😀", ""));
const payload = fc.record(
  {
    amount,
    currency: fc.constantFrom("EUR", "USD", "eur", "EURO", 1),
    method: fc.oneof(text, fc.nat()),
    numbers: fc.oneof(fc.array(fc.oneof(fc.integer(), fc.double()), { maxLength: 3 }), text),
    device: text,
    metric: text,
    value: fc.oneof(fc.double(), fc.integer(), text, fc.constant(Number.POSITIVE_INFINITY)),
    unit: text,
    severity: fc.constantFrom("info", "warning", "critical", "bad"),
    uptime_s: fc.oneof(fc.nat(), fc.double(), fc.constantFrom(2 ** 53, -1)),
    url: text,
    element: text,
    query: text,
    product_id: fc.oneof(text, fc.nat()),
    quantity: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.double()),
    items: fc.integer({ min: -1, max: 3 }),
    screen: text,
    campaign: text,
    other: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const time = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("2025-07-30T12:00:00Z", "2025-07-30T12:00:00.123456+02:00") },
  fc.constantFrom(
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+01:00",
    "2106-02-07T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2016-12-31T23:59:60Z",
    "2025-07-30 12:00:00Z",
    "2025-07-30t12:00:00z",
    1753876800,
    null,
  ),
);
const id = fc.oneof(
  { weight: 8, arbitrary: fc.uuid() },
  fc.constantFrom("7F1D0000-1111-2222-3333-444455556666", "order-1", "", 7, null),
);
const identifier = fc.oneof(
  { weight: 8, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) },
  fc.constantFrom("😀".repeat(256), "😀".repeat(257), "x".repeat(257), "", "\ud800", "a\0", "a\nb", 7, null),
);
const event = fc
  .tuple(
    fc.constantFrom(...types),
    fc.record(
      { event_id: id, user_id: identifier, event_time: time, received_time: time },
      { requiredKeys: ["event_id", "user_id", "event_time", "received_time"] },
    ),
    fc.record(
      { session_id: identifier, payload: fc.oneof({ weight: 9, arbitrary: payload }, fc.jsonValue()) },
      { requiredKeys: [] },
    ),
    fc.record(
      { source: fc.constantFrom("web", "lottery", "x", null), event_type: fc.constantFrom("click", "x", 1) },
      { requiredKeys: [] },
    ),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([[source, event_type], fields, optional, wrong, luck]) => ({
    ...(source === "web" && luck % 2 === 0 ? {} : { source }),
    event_type,
    ...fields,
    ...optional,
    ...(luck === 0 ? wrong : {}),
  }));

describe("event.schema.json", () => {
  test("agrees with zod on valid and broken events", () => {
    const seen = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(event, (candidate) => {
        const byZod = EventSchema.safeParse(candidate).success;
        const byAjv = validates(candidate) && hasExactAmount(candidate);
        seen[byZod ? "valid" : "invalid"]++;
        expect(byAjv).toBe(byZod);
      }),
      { numRuns: 20_000 },
    );
    // The comparison means something only if both happen often.
    expect(seen.valid).toBeGreaterThan(1000);
    expect(seen.invalid).toBeGreaterThan(1000);
  });

  test("agrees with zod on any JSON and on events without a field", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), event), fc.nat(6), (value, dropped) => {
        const candidate =
          typeof value === "object" && value !== null && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).filter((_, index) => index !== dropped))
            : value;
        if (candidate !== null && typeof candidate === "object" && !hasExactAmount(candidate)) return;
        expect(validates(candidate)).toBe(EventSchema.safeParse(candidate).success);
      }),
      { numRuns: 5000 },
    );
  });
});

describe.each(Object.entries(SOURCE_SCHEMAS))("%s.schema.json", (source, schema) => {
  test("agrees with zod", () => {
    const validate = compile(`${source}.schema.json`);
    fc.assert(
      fc.property(event, (candidate) => {
        expect(validate(candidate) && hasExactAmount(candidate)).toBe(schema.safeParse(candidate).success);
      }),
      { numRuns: 2000 },
    );
  });
});

test("the envelope accepts the five fields", () => {
  const envelope = compile("envelope.schema.json");
  const minimal = {
    event_id: "7f1d0000-1111-2222-3333-444455556666",
    user_id: "user123",
    event_type: "anything",
    event_time: "2025-07-30T12:00:00Z",
    received_time: "2025-07-30T12:00:03Z",
  };
  expect(envelope(minimal)).toBe(true);
  expect(envelope({ ...minimal, user_id: undefined })).toBe(false);
});

test("the published files are those of the zod schemas", async () => {
  for (const [name, schema] of Object.entries(buildJsonSchemas())) {
    const published = await Bun.file(`${import.meta.dir}/../../docs/schemas/${name}`).json();
    expect(published).toEqual(JSON.parse(JSON.stringify(schema)));
  }
});
