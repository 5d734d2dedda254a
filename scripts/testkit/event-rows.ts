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
