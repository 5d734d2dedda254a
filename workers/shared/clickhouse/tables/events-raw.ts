/** One stored copy of an event, with where in Kafka it came from. Times are Unix milliseconds. */
export type EventRow = {
  /** Lower-case UUID. */
  eventId: string;
  eventTimeMs: number;
  receivedTimeMs: number;
  source: string;
  eventType: string;
  userId: string;
  /** Empty when the event has none. */
  sessionId: string;
  /** Money in ten-thousandths of the currency unit; 0 when the event has none. */
  amountE4: number;
  /** ISO 4217 code; empty when the event has none. */
  currency: string;
  /** JSON text of the payload; empty when the event has none. */
  payloadJson: string;
  /** JSON text of unknown top-level fields; empty when there are none. */
  extraJson: string;
  /** Size of the Kafka message's value, bytes. */
  sizeBytes: number;
  /** Processing time − event time. */
  latencyMs: number;
  /** Received time − event time. */
  ingestDelayMs: number;
  isLate: boolean;
  /** Producer instance from the message's header; empty for foreign producers. */
  producer: string;
  kafkaPartition: number;
  kafkaOffset: number;
  kafkaAppendTimeMs: number;
};

export const EVENTS_RAW_TABLE = "events_raw";

/** Columns as an insert names them, in this order. */
export const EVENTS_RAW_COLUMNS = [
  "event_id",
  "event_time",
  "received_time",
  "source",
  "event_type",
  "user_id",
  "session_id",
  "amount",
  "currency",
  "payload",
  "extra",
  "size_bytes",
  "latency_ms",
  "ingest_delay_ms",
  "is_late",
  "producer",
  "kafka_partition",
  "kafka_offset",
  "kafka_append_time",
] as const;

/** An encoded insert body: format name and bytes, in pieces. They may be views that the next encoding overwrites. */
export type EncodedRows = { format: string; pieces: readonly Uint8Array[] };
