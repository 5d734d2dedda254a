import { parseEvent } from "../../../shared/event/index.ts";
import type { Outgoing } from "../../send/outgoing.ts";

/** What happened to one event of a request. `index` is its place in the request. */
export type Verdict =
  | { readonly index: number; readonly status: "accepted"; readonly event_id: string }
  | {
      readonly index: number;
      readonly status: "rejected";
      readonly error_class: string;
      readonly detail: string;
      readonly field?: string;
    };

export type Judged =
  | { readonly ok: true; readonly eventId: string; readonly message: Omit<Outgoing, "settled"> }
  | { readonly ok: false; readonly verdict: Verdict };

/**
 * Judges one event by the contract's own parser. Too old and in the future are left to the consumer: they depend on the
 * time at which Kafka appends the event, which nobody knows yet.
 */
export function judge(bytes: Buffer, index: number, maxBytes: number, nowMs: number): Judged {
  const anyTime = { appendTimeMs: nowMs, maxAgeMs: Number.POSITIVE_INFINITY, maxFutureMs: Number.POSITIVE_INFINITY };
  const result = parseEvent(bytes, { ...anyTime, maxBytes });
  if (!result.ok) return { ok: false, verdict: rejected(index, result.errorClass, result.reason) };
  const { eventId, userId } = result.event;
  const sizeBytes = bytes.length + userId.length;
  return { ok: true, eventId, message: { key: userId, value: bytes, kind: "event", sizeBytes } };
}

/** A rejection; the field is what a reason of class `schema` begins with. */
export function rejected(index: number, errorClass: string, detail: string): Verdict {
  const field = errorClass === "schema" ? /^([\w.]+): /.exec(detail)?.[1] : undefined;
  return { index, status: "rejected", error_class: errorClass, detail, ...(field ? { field } : {}) };
}
