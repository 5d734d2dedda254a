import { type DeadLetterClass, serializeEvent, type WireEvent } from "../../../shared/event/index.ts";

/** Broken messages as real clients send them, each with the dead-letter class it must get. */

export interface MalformedVariant {
  readonly name: string;
  readonly expectedClass: DeadLetterClass;
  /** Whether the message is one line of valid UTF-8 text that is not empty, so that it may stand in a JSONL file. */
  readonly isLine: boolean;
  /** Breaks a valid event. Null is a message without a value. */
  make(event: WireEvent): string | Uint8Array | null;
}

const YEAR_MS = 365 * 86_400_000;

function shifted(event: WireEvent, years: number): string {
  // Twenty years are beyond any retention; the time of receipt does not matter.
  const eventTimeMs = Date.parse(event.event_time) + years * YEAR_MS;
  return serializeEvent({ ...event, event_time: new Date(eventTimeMs).toISOString() });
}

function withFields(event: WireEvent, fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...event, ...fields });
}

function malformedJson(name: string, make: (event: WireEvent) => string): MalformedVariant {
  return { name, expectedClass: "malformed_json", isLine: true, make };
}

function schema(name: string, make: (event: WireEvent) => string): MalformedVariant {
  return { name, expectedClass: "schema", isLine: true, make };
}

/** All variants. */
export const MALFORMED_VARIANTS: readonly MalformedVariant[] = [
  malformedJson("truncated", (event) => serializeEvent(event).slice(0, 60)),
  malformedJson("not_json", () => "user logged in"),
  malformedJson("single_quotes", (event) => serializeEvent(event).replaceAll('"', "'")),
  malformedJson("trailing_comma", (event) => `${serializeEvent(event).slice(0, -1)},}`),
  malformedJson("nan_value", (event) => `${serializeEvent(event).slice(0, -1)},"score":NaN}`),
  malformedJson("byte_order_mark", (event) => `\uFEFF${serializeEvent(event)}`),
  {
    name: "invalid_utf8",
    expectedClass: "malformed_json",
    isLine: false,
    make: (event) => {
      const bytes = new TextEncoder().encode(withFields(event, { user_id: "user?" }));
      bytes[bytes.indexOf(0x3f)] = 0xff;
      return bytes;
    },
  },
  { name: "tombstone", expectedClass: "empty", isLine: false, make: () => null },
  { name: "zero_bytes", expectedClass: "empty", isLine: false, make: () => "" },
  schema("missing_event_time", (event) => withFields(event, { event_time: undefined })),
  schema("missing_user_id", (event) => withFields(event, { user_id: undefined })),
  schema("numeric_user_id", (event) => withFields(event, { user_id: 42 })),
  schema("not_a_uuid", (event) => withFields(event, { event_id: "order-12345" })),
  schema("epoch_time", (event) => withFields(event, { event_time: Date.parse(event.event_time) })),
  schema("time_without_offset", (event) => withFields(event, { event_time: event.event_time.slice(0, -1) })),
  schema("leap_second", (event) => withFields(event, { event_time: `${event.event_time.slice(0, 17)}60Z` })),
  schema("unknown_type", (event) => withFields(event, { event_type: "teleport" })),
  schema("unknown_source", (event) => withFields(event, { source: "fridge" })),
  schema("array_of_events", (event) => `[${serializeEvent(event)}]`),
  schema("ticket_without_money", (event) =>
    withFields(event, { source: "lottery", event_type: "ticket_purchased", payload: { draw_id: "draw-1" } }),
  ),
  schema("negative_amount", (event) =>
    withFields(event, { source: "web", event_type: "purchase", payload: { amount: "-5.00", currency: "EUR" } }),
  ),
  schema("infinite_reading", (event) => {
    const payload = { device: "device-0001", metric: "temperature", value: 0, unit: "C" };
    const text = withFields(event, { source: "sensor", event_type: "reading", payload });
    return text.replace('"value":0', '"value":1e400');
  }),
  { name: "future_dated", expectedClass: "in_future", isLine: true, make: (event) => shifted(event, 20) },
  { name: "ancient", expectedClass: "too_old", isLine: true, make: (event) => shifted(event, -20) },
];
