import type { EventRow } from "../../workers/shared/clickhouse/tables/events-raw.ts";

/** A stored row with sane defaults, for tests that only care about some fields. */
export function eventRow(
  fields: Partial<EventRow> & Pick<EventRow, "eventId" | "eventTimeMs" | "kafkaOffset">,
): EventRow {
  return {
    receivedTimeMs: fields.eventTimeMs,
    source: "web",
    eventType: "click",
    userId: "user",
    sessionId: "",
    amountE4: 0,
    currency: "",
    payloadJson: "",
    extraJson: "",
    sizeBytes: 100,
    latencyMs: 0,
    ingestDelayMs: 0,
    isLate: false,
    producer: "",
    kafkaPartition: 0,
    kafkaAppendTimeMs: fields.eventTimeMs,
    ...fields,
  };
}

/** An event as producers send it; of what type, and whose, is told by `fields`. */
export function eventMessage(timeMs: number, fields: Readonly<Record<string, unknown>> = {}) {
  const time = new Date(timeMs).toISOString();
  return {
    event_id: crypto.randomUUID(),
    user_id: `user-${timeMs % 7}`,
    event_type: "click",
    event_time: time,
    received_time: time,
    ...fields,
  };
}

/** Fields of an event with money. */
export const TICKET = {
  source: "lottery",
  event_type: "ticket_purchased",
  payload: { amount: "2.50", currency: "EUR" },
} as const;
