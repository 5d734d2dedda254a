import Ajv2020 from "ajv/dist/2020.js";
import eventSchema from "../../../docs/schemas/event.schema.json" with { type: "json" };
import type { DeadLetterClass } from "../../shared/event/index.ts";
import { rawFields } from "./raw-fields.ts";

/**
 * A second reading of the event contract, for the audit only. It shares no parsing code with the consumer: it stands on
 * the published JSON Schema and on what docs/schemas/README.md says in words, so that a mistake in one is seen by the other.
 */

/** The same limits as the consumer's. */
export type ContractLimits = { maxAgeMs: number; maxFutureMs: number; maxBytes: number };

/** What a valid message claims, as far as the audit compares it. */
export type AuditedEvent = {
  /** Lower case. */
  id: string;
  timeMs: number;
  source: string;
  type: string;
  userId: string;
  sessionId: string;
  amountE4: bigint;
  currency: string;
  receivedMs: number;
  /** Texts as they were sent, see {@link rawFields}. */
  payload: string;
  extra: string;
};

export type AuditVerdict = { ok: true; event: AuditedEvent } | { ok: false; errorClass: DeadLetterClass };

type Envelope = {
  event_id: string;
  user_id: string;
  event_type: string;
  event_time: string;
  received_time: string;
  source?: string;
  session_id?: string;
  payload?: Record<string, unknown>;
};

const MONEY_TYPES: ReadonlySet<string> = new Set(["ticket_purchased", "claim_reward", "purchase"]);

/** Makes a judge of messages. Compiling the schema takes some 10 ms; the judge is meant for millions of messages. */
export function createContract(
  limits: ContractLimits,
): (value: Uint8Array | null, appendTimeMs: number) => AuditVerdict {
  // The patterns decide about times, ajv has another idea of a date-time. 1e400 is no number: it cannot be stored.
  const ajv = new Ajv2020({ strict: false, strictNumbers: true, validateFormats: false });
  const matches = ajv.compile<Envelope>(eventSchema);
  // A byte order mark must reach JSON.parse, which refuses it.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (value: Uint8Array): { text: string; json: unknown } | undefined => {
    try {
      const text = decoder.decode(value);
      return { text, json: JSON.parse(text) };
    } catch {
      return undefined;
    }
  };
  return (value, appendTimeMs) => {
    if (value === null || value.length === 0) return refused("empty");
    if (value.length > limits.maxBytes) return refused("too_large");
    const decoded = decode(value);
    if (decoded === undefined) return refused("malformed_json");
    const { text, json } = decoded;
    if (!matches(json)) return refused("schema");
    const money = readMoney(json);
    if (money === undefined) return refused("schema");
    const timeMs = readTime(json.event_time);
    if (timeMs < appendTimeMs - limits.maxAgeMs) return refused("too_old");
    if (timeMs > appendTimeMs + limits.maxFutureMs) return refused("in_future");
    const event: AuditedEvent = {
      id: json.event_id.toLowerCase(),
      timeMs,
      source: json.source ?? "web",
      type: json.event_type,
      userId: json.user_id,
      sessionId: json.session_id ?? "",
      ...money,
      receivedMs: readTime(json.received_time),
      ...rawFields(text, json),
    };
    return { ok: true, event };
  };
}

const refused = (errorClass: DeadLetterClass): AuditVerdict => ({ ok: false, errorClass });

/** The money of an event; `undefined` when a number has more than four decimals, which the schema cannot say. */
function readMoney(event: Envelope): { amountE4: bigint; currency: string } | undefined {
  const { payload } = event;
  if (payload === undefined || !MONEY_TYPES.has(event.event_type)) return { amountE4: 0n, currency: "" };
  const [, whole, fraction = ""] = /^(\d{1,11})(?:\.(\d{1,4}))?$/.exec(String(payload.amount)) ?? [];
  if (whole === undefined) return undefined;
  return { amountE4: BigInt(whole + fraction.padEnd(4, "0")), currency: String(payload.currency) };
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Unix ms of a time that has passed the schema. Finer than a millisecond is cut off. */
function readTime(text: string): number {
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHours = 0, offsetMinutes = 0] =
    TIME.exec(text) ?? [];
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  return local + Number(fraction.slice(0, 3).padEnd(3, "0")) + (sign === "-" ? offsetMs : -offsetMs);
}
