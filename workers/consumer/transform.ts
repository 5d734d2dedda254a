import type { EventRow } from "../shared/clickhouse/tables/events-raw.ts";
import { CLOUD_EVENT } from "../shared/event/foreign-format.ts";
import { type ParsedEvent, parseEvent } from "../shared/event/index.ts";
import type { KafkaRecord } from "../shared/kafka/group-types.ts";
import { HEADERS } from "../shared/kafka/headers.ts";
import { deadLetter, ok, type StepResult } from "./flush/results.ts";

/** What the verdict on an event and its derived columns depend on. Times in ms, sizes in bytes. */
export type TransformConfig = {
  maxAgeMs: number;
  maxFutureMs: number;
  maxBytes: number;
  /** Appended this long after it happened, an event counts as late. */
  lateAfterMs: number;
};

/**
 * One message as a row of events_raw, or as a dead letter. The verdict depends on the bytes and the append time alone,
 * so that a replay gives the same; only `latencyMs` takes the time of processing.
 */
export function transformRecord(
  record: KafkaRecord,
  partition: number,
  config: TransformConfig,
  nowMs: number,
): StepResult<EventRow> {
  const result = parseEvent(record.value, {
    appendTimeMs: record.appendTimeMs,
    maxAgeMs: config.maxAgeMs,
    maxFutureMs: config.maxFutureMs,
    maxBytes: config.maxBytes,
  });
  if (!result.ok) return deadLetter(result.errorClass, reasonOf(result, record));
  return ok(toRow(result.event, record, partition, config, nowMs));
}

/** In binary mode the attributes of a CloudEvent are headers, and only they say what the message is. */
function reasonOf(refused: { errorClass: string; reason: string }, record: KafkaRecord): string {
  return refused.errorClass === "schema" && headerText(record.headers, CLOUD_EVENT_HEADER) !== ""
    ? CLOUD_EVENT
    : refused.reason;
}

const CLOUD_EVENT_HEADER = "ce_specversion";

function toRow(
  event: ParsedEvent,
  record: KafkaRecord,
  partition: number,
  config: TransformConfig,
  nowMs: number,
): EventRow {
  const { appendTimeMs } = record;
  return {
    eventId: event.eventId,
    eventTimeMs: event.eventTimeMs,
    receivedTimeMs: event.receivedTimeMs,
    source: event.source,
    eventType: event.eventType,
    userId: event.userId,
    sessionId: event.sessionId,
    amountE4: event.amountE4,
    currency: event.currency,
    payloadJson: event.payloadJson,
    extraJson: event.extraJson,
    sizeBytes: event.sizeBytes,
    latencyMs: nowMs - event.eventTimeMs,
    ingestDelayMs: event.receivedTimeMs - event.eventTimeMs,
    isLate: appendTimeMs - event.eventTimeMs > config.lateAfterMs,
    producer: headerText(record.headers, HEADERS.producer),
    kafkaPartition: partition,
    kafkaOffset: record.offset,
    kafkaAppendTimeMs: appendTimeMs,
  };
}

/** The text of a header, the first if it occurs several times; empty when it is absent. */
export function headerText(headers: KafkaRecord["headers"], name: string): string {
  const value = headers?.[name];
  const first = Array.isArray(value) ? value[0] : value;
  // A header may lack a value, which the client's types do not say.
  return first?.toString() ?? "";
}
