import { isUtf8 } from "node:buffer";
import { join } from "node:path";
import Ajv2020, { type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { DeadLetterClass } from "../../../workers/shared/event/index.ts";

/**
 * A second opinion on every message, made of other parts than the pipeline: the published JSON Schema (ajv) in place of
 * zod and of the scanner, the runtime's date in place of the strict reader of times, plain decimals in place of money.
 */

/** What the consumer's verdicts depend on. Times in ms, sizes in bytes. */
export type Limits = { readonly maxAgeMs: number; readonly maxFutureMs: number; readonly maxBytes: number };

/** The consumer's defaults. */
export const DEFAULT_LIMITS: Limits = { maxAgeMs: 30 * 86_400_000, maxFutureMs: 600_000, maxBytes: 1_000_000 };

/** An event as it must be stored; `payload` and `extra` as values, for their text is compared with the message itself. */
export type Expected = {
  readonly eventId: string;
  readonly userId: string;
  readonly source: string;
  readonly eventType: string;
  readonly eventTimeMs: number;
  readonly receivedTimeMs: number;
  readonly sessionId: string;
  /** Without trailing zeros; `0` without money. */
  readonly amount: string;
  readonly currency: string;
  readonly payload: unknown;
  readonly extra: Readonly<Record<string, unknown>>;
};

export type Opinion =
  | { readonly ok: true; readonly event: Expected }
  | { readonly ok: false; readonly errorClass: DeadLetterClass };

type Fields = Record<string, unknown>;

const KNOWN = new Set([
  ...["event_id", "user_id", "event_type", "event_time", "received_time", "source", "session_id", "payload"],
]);
const MONEY = new Set(["ticket_purchased", "claim_reward", "purchase"]);

let validates: ValidateFunction | undefined;

function schema(): ValidateFunction {
  if (validates !== undefined) return validates;
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  addFormats(ajv);
  const path = join(import.meta.dir, "../../../docs/schemas/event.schema.json");
  validates = ajv.compile(require(path) as object);
  return validates;
}

const refuse = (errorClass: DeadLetterClass): Opinion => ({ ok: false, errorClass });

/** What must become of a message that the broker appended at `appendTimeMs`. */
export function opinionOn(value: Buffer | null, appendTimeMs: number, limits: Limits): Opinion {
  if (value === null || value.length === 0) return refuse("empty");
  if (value.length > limits.maxBytes) return refuse("too_large");
  if (!isUtf8(value)) return refuse("malformed_json");
  let parsed: unknown;
  try {
    parsed = JSON.parse(value.toString("utf8"));
  } catch {
    return refuse("malformed_json");
  }
  if (!schema()(parsed) || !hasExactAmount(parsed as Fields)) return refuse("schema");
  const fields = parsed as Fields;
  const eventTimeMs = timeOf(fields.event_time);
  if (appendTimeMs - eventTimeMs > limits.maxAgeMs) return refuse("too_old");
  if (eventTimeMs - appendTimeMs > limits.maxFutureMs) return refuse("in_future");
  return { ok: true, event: expected(fields, eventTimeMs) };
}

/** The rule that JSON Schema cannot state: an amount that is a number has at most four decimals. */
function hasExactAmount({ event_type, payload }: Fields): boolean {
  const amount = (payload as Fields | undefined)?.amount;
  if (!MONEY.has(String(event_type)) || typeof amount !== "number") return true;
  return /^\d{1,11}(\.\d{1,4})?$/.test(String(amount));
}

/** The schema has checked the form; the runtime knows milliseconds only. */
function timeOf(text: unknown): number {
  return Date.parse(String(text).replace(/(\.\d{3})\d+/, "$1"));
}

function expected(fields: Fields, eventTimeMs: number): Expected {
  const payload = fields.payload as Fields | undefined;
  const isMoney = MONEY.has(String(fields.event_type)) && payload !== undefined;
  const extra = Object.entries(fields).filter(([name]) => !KNOWN.has(name));
  return {
    eventId: String(fields.event_id).toLowerCase(),
    userId: String(fields.user_id),
    source: String(fields.source ?? "web"),
    eventType: String(fields.event_type),
    eventTimeMs,
    receivedTimeMs: timeOf(fields.received_time),
    sessionId: String(fields.session_id ?? ""),
    amount: isMoney ? plainDecimal(String(payload.amount)) : "0",
    currency: isMoney ? String(payload.currency) : "",
    payload,
    extra: Object.fromEntries(extra),
  };
}

/** A decimal without needless zeros at its end. */
export function plainDecimal(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Whether the values of a text are nested too deeply for the runtime to compare; its parser takes any depth. */
export function isDeep(text: string): boolean {
  return text.includes("[".repeat(500)) || text.includes('{"a":'.repeat(500));
}
