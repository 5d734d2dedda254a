import type { z } from "zod";
import { type DeadLetterClass, MAX_REASON_LENGTH } from "./dead-letter.ts";
import { DEFAULT_SOURCE, SOURCES, type Source } from "./envelope.ts";
import { CLOUD_EVENT, foreignFormat, isCloudEvent } from "./foreign-format.ts";
import { minuteStartS } from "./minute.ts";
import { toAmountE4 } from "./money.ts";
import { forEachRawField } from "./raw-fields.ts";
import { EVENT_TYPES, EventSchema } from "./schema.ts";
import { parseIsoMs } from "./time.ts";

/** What the verdict on a message depends on besides its bytes: nothing of it is a worker's clock. */
export interface BrokerContext {
  /** The append time Kafka gave the message, in ms since the epoch. */
  readonly appendTimeMs: number;
  /** An event may have happened at most this long before it was appended, in ms. */
  readonly maxAgeMs: number;
  /** An event may claim to happen at most this long after it was appended, in ms. */
  readonly maxFutureMs: number;
  /** The most bytes a message may have. */
  readonly maxBytes: number;
}

/** A valid event, canonical and flat, ready for the store. */
export interface ParsedEvent {
  /** In lower case. */
  readonly eventId: string;
  readonly userId: string;
  readonly source: Source;
  readonly eventType: string;
  /** Milliseconds since the epoch. */
  readonly eventTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly receivedTimeMs: number;
  /** The start of the event's minute, in seconds since the epoch. */
  readonly eventMinuteS: number;
  /** Empty if the event has none. */
  readonly sessionId: string;
  /** Ten-thousandths of the currency; 0 if the event carries no money. */
  readonly amountE4: number;
  /** Empty if the event carries no money. */
  readonly currency: string;
  /** The payload's JSON text as it was sent; empty if there is none. */
  readonly payloadJson: string;
  /** A JSON object of the unknown top-level fields, values as they were sent; empty if there are none. */
  readonly extraJson: string;
  /** Size of the message's value in bytes. */
  readonly sizeBytes: number;
}

/** The verdict on one message. A reason names the field at fault, never repeats the message, and has at most 300 characters. */
export type ParseResult =
  | { readonly ok: true; readonly event: ParsedEvent }
  | { readonly ok: false; readonly errorClass: DeadLetterClass; readonly reason: string };

type SchemaEvent = z.output<typeof EventSchema>;

// `ignoreBOM` keeps a byte order mark in the text, where JSON.parse refuses it, instead of hiding it.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function refuse(errorClass: DeadLetterClass, reason: string): ParseResult {
  return { ok: false, errorClass, reason: reason.slice(0, MAX_REASON_LENGTH) };
}

/** Says what is wrong with a text that is not JSON. The engine's own message is not used: it quotes the text. */
function malformedReason(text: string): string {
  if (text.startsWith("\uFEFF")) return "starts with a byte order mark: send UTF-8 without one";
  const trimmed = text.trim();
  if (trimmed === "") return "only white space";
  if (!trimmed.startsWith("{")) return "not JSON: does not start with an opening brace";
  if (!trimmed.endsWith("}")) return "not JSON: does not end with a closing brace, perhaps cut off";
  return "not JSON: the object has a syntax error";
}

type IssueInput = Parameters<z.core.$ZodErrorMap>[0];

/** The messages of the schemas, without the value at fault. Messages given in a schema have precedence. */
function describeIssue(issue: IssueInput): string | undefined {
  if (issue.code === "invalid_type") {
    if (issue.input === undefined) return "is required";
    return `must be of type ${issue.expected === "record" ? "object" : issue.expected}`;
  }
  if (issue.code === "too_small") return `must be at least ${issue.minimum}`;
  if (issue.code === "too_big") return `must be ${issue.inclusive ? "at most" : "below"} ${issue.maximum}`;
  return undefined;
}

/** What is wrong with the field that should have selected the schema. */
function selectorReason(value: unknown, field: "source" | "event_type"): string {
  const message = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  if (field === "source") return `must be one of ${SOURCES.join(", ")}`;
  if (message.event_type === undefined) return "is required";
  const source = SOURCES.find((name) => name === (message.source ?? DEFAULT_SOURCE)) ?? DEFAULT_SOURCE;
  return `not a type of source ${source}, which has ${EVENT_TYPES[source].join(", ")}`;
}

function schemaReason(value: unknown, issues: readonly z.core.$ZodIssue[]): string {
  const described = issues.map((issue) => {
    const field = issue.path.length === 0 ? "event" : issue.path.join(".");
    const selector = issue.code === "invalid_union" && (field === "source" || field === "event_type");
    return `${field}: ${selector ? selectorReason(value, field) : issue.message}`;
  });
  // One amount may break several rules of one message.
  return Array.from(new Set(described)).slice(0, 4).join("; ");
}

/** Items of a list that are judged together. */
const PIECE_ITEMS = 1_000;

/**
 * The schema's verdict. A list in the payload is first judged in pieces, and the first wrong item ends it: a megabyte of
 * wrong items would otherwise become hundreds of megabytes of complaints. What else holds for a list, such as its length,
 * is left to the verdict on the whole, which cannot have many complaints then.
 */
function checkSchema(value: unknown): { data: SchemaEvent } | { issues: readonly z.core.$ZodIssue[] } {
  const issues = wrongItems(value);
  if (issues.length > 0) return { issues };
  const checked = EventSchema.safeParse(value, { error: describeIssue });
  return checked.success ? { data: checked.data } : { issues: checked.error.issues };
}

/** The complaints about items of long lists in the payload, of the first piece that has any. */
function wrongItems(value: unknown): readonly z.core.$ZodIssue[] {
  const payload = isObject(value) ? value.payload : undefined;
  if (!isObject(value) || !isObject(payload)) return [];
  const lists = Object.entries(payload).filter(
    (entry): entry is [string, unknown[]] => Array.isArray(entry[1]) && entry[1].length > PIECE_ITEMS,
  );
  const longest = Math.max(0, ...lists.map(([, items]) => items.length));
  for (let from = 0; from < longest; from += PIECE_ITEMS) {
    const pieces = lists.map(([name, items]) => [name, items.slice(from, from + PIECE_ITEMS)]);
    const part = { ...value, payload: { ...payload, ...Object.fromEntries(pieces) } };
    const checked = EventSchema.safeParse(part, { error: describeIssue });
    // What is wrong with an item has the path payload, list, index.
    const wrong = (checked.error?.issues ?? []).filter(({ path }) => path.length > 2);
    const shifted = wrong.map((issue) => ({ ...issue, path: issue.path.map((key) => shift(key, from)) }));
    if (wrong.length > 0) return shifted;
  }
  return [];
}

const shift = (key: PropertyKey, by: number): PropertyKey => (typeof key === "number" ? key + by : key);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The original text of the payload and of the unknown fields. */
function rawParts(text: string): { payloadJson: string; extraJson: string } {
  let payloadJson = "";
  let extra: Map<string, string> | undefined;
  forEachRawField(text, (key, raw) => {
    switch (key) {
      case "event_id":
      case "user_id":
      case "event_type":
      case "event_time":
      case "received_time":
      case "source":
      case "session_id":
        return;
      case "payload":
        payloadJson = raw;
        return;
      default:
        extra ??= new Map();
        extra.set(key, raw);
    }
  });
  if (extra === undefined) return { payloadJson, extraJson: "" };
  const fields = Array.from(extra, ([key, raw]) => `${JSON.stringify(key)}:${raw}`);
  return { payloadJson, extraJson: `{${fields.join(",")}}` };
}

/** The money of an event: of the types whose payload is one of money, and only of those. */
function moneyOf(event: SchemaEvent): { amountE4: number; currency: string } {
  switch (event.event_type) {
    case "ticket_purchased":
    case "claim_reward":
    case "purchase":
      if (event.payload === undefined) break;
      return { amountE4: toAmountE4(event.payload.amount) ?? 0, currency: event.payload.currency };
  }
  return { amountE4: 0, currency: "" };
}

function flatten(event: SchemaEvent, text: string, sizeBytes: number): ParsedEvent {
  // The schema has accepted the times; 0 stands for what cannot happen.
  const eventTimeMs = parseIsoMs(event.event_time) ?? 0;
  return {
    eventId: event.event_id.toLowerCase(),
    userId: event.user_id,
    source: event.source ?? DEFAULT_SOURCE,
    eventType: event.event_type,
    eventTimeMs,
    receivedTimeMs: parseIsoMs(event.received_time) ?? 0,
    eventMinuteS: minuteStartS(eventTimeMs),
    sessionId: event.session_id ?? "",
    ...moneyOf(event),
    ...rawParts(text),
    sizeBytes,
  };
}

/**
 * Judges one message. Never throws: whatever the bytes are, the answer is an event or a dead letter's class and reason.
 * The same bytes with the same append time always get the same verdict. Where a key occurs twice, the last one counts.
 */
export function parseEvent(bytes: Uint8Array | null, broker: BrokerContext): ParseResult {
  if (bytes === null || bytes.length === 0) return refuse("empty", "the message has no value");
  if (bytes.length > broker.maxBytes) {
    return refuse("too_large", `${bytes.length} bytes, the limit is ${broker.maxBytes}`);
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return refuse("malformed_json", foreignFormat(bytes) ?? "not valid UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("malformed_json", foreignFormat(bytes) ?? malformedReason(text));
  }
  const checked = checkSchema(value);
  if (!("data" in checked)) {
    return refuse("schema", isCloudEvent(value) ? CLOUD_EVENT : schemaReason(value, checked.issues));
  }

  const event = flatten(checked.data, text, bytes.length);
  const aheadMs = event.eventTimeMs - broker.appendTimeMs;
  if (-aheadMs > broker.maxAgeMs) {
    return refuse("too_old", `event_time: ${-aheadMs} ms before the append time, the limit is ${broker.maxAgeMs} ms`);
  }
  if (aheadMs > broker.maxFutureMs) {
    return refuse(
      "in_future",
      `event_time: ${aheadMs} ms after the append time, the limit is ${broker.maxFutureMs} ms`,
    );
  }
  return { ok: true, event };
}
