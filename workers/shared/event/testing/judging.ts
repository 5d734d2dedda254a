import type { DeadLetterClass } from "../dead-letter.ts";
import { type BrokerContext, type ParsedEvent, parseEvent } from "../parse.ts";

export const MINUTE_MS = 60_000;
/** A broker that takes events of a month. */
export const broker: BrokerContext = {
  appendTimeMs: Date.UTC(2025, 6, 30, 12, 1),
  maxAgeMs: 30 * 86_400_000,
  maxFutureMs: 10 * MINUTE_MS,
  maxBytes: 1_000_000,
};
/** The least that is an event. */
export const minimal = {
  event_id: "7f1d0000-1111-2222-3333-444455556666",
  user_id: "user123",
  event_type: "click",
  event_time: "2025-07-30T12:00:00Z",
  received_time: "2025-07-30T12:00:03Z",
};
/** An event with money. */
export const ticket = {
  ...minimal,
  source: "lottery",
  event_type: "ticket_purchased",
  payload: { amount: "12.50", currency: "EUR" },
};
export const encoder = new TextEncoder();

/** What the parser says of a text, or of an object as JSON. */
export function judge(message: unknown) {
  const text = typeof message === "string" ? message : JSON.stringify(message);
  return parseEvent(encoder.encode(text), broker);
}

/** @throws Error when it is refused. */
export function accepted(message: unknown): ParsedEvent {
  const result = judge(message);
  if (!result.ok) throw new Error(`${result.errorClass}: ${result.reason}`);
  return result.event;
}

/** @throws Error when it is accepted. */
export function refused(message: unknown): { errorClass: DeadLetterClass; reason: string } {
  const result = judge(message);
  if (result.ok) throw new Error("was accepted");
  return result;
}

/** The minimal event as text with one field's JSON replaced. */
export function withRaw(field: keyof typeof minimal, raw: string): string {
  return JSON.stringify(minimal).replace(JSON.stringify(minimal[field]), () => raw);
}
