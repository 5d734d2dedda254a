import type { ClickHouse } from "../../workers/shared/clickhouse/client.ts";
import { RowBinaryWriter } from "../../workers/shared/clickhouse/row-binary.ts";
import {
  type EncodedRows,
  EVENTS_RAW_COLUMNS,
  EVENTS_RAW_TABLE,
  type EventRow,
} from "../../workers/shared/clickhouse/tables/events-raw.ts";

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

/** Stores rows, apart from the consumer: in RowBinary, by which its Native blocks are judged. */
export function insertEventRows(clickhouse: Pick<ClickHouse, "insert">, rows: readonly EventRow[]): Promise<void> {
  return clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, encodeEventRows(rows));
}

function encodeEventRows(rows: readonly EventRow[]): EncodedRows {
  const writer = new RowBinaryWriter();
  for (const row of rows) {
    // Two little-endian halves.
    const id = row.eventId.replaceAll("-", "");
    writer.uint64(BigInt(`0x${id.slice(0, 16)}`));
    writer.uint64(BigInt(`0x${id.slice(16)}`));
    writer.int64(row.eventTimeMs);
    writer.int64(row.receivedTimeMs);
    writer.string(row.source);
    writer.string(row.eventType);
    writer.string(row.userId);
    writer.string(row.sessionId);
    writer.int64(row.amountE4);
    writer.string(row.currency);
    writer.string(row.payloadJson);
    writer.string(row.extraJson);
    writer.uint32(row.sizeBytes);
    writer.int64(row.latencyMs);
    writer.int64(row.ingestDelayMs);
    writer.uint8(row.isLate ? 1 : 0);
    writer.string(row.producer);
    writer.uint32(row.kafkaPartition);
    writer.int64(row.kafkaOffset);
    writer.int64(row.kafkaAppendTimeMs);
  }
  return { format: "RowBinary", pieces: [writer.bytes()] };
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
