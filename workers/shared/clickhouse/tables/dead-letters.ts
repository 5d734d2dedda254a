import { RowBinaryWriter } from "../row-binary.ts";
import type { EncodedRows } from "./events-raw.ts";

/** One refused message, identified by where it lay in Kafka; topics get recreated, so append time and payload count too. */
export type DeadLetterRow = {
  topic: string;
  partition: number;
  offset: number;
  appendTimeMs: number;
  /** xxHash64 of the payload bytes (of no bytes for a tombstone). */
  payloadHash: bigint;
  /** Machine-readable class, one of DEAD_LETTER_CLASSES of shared/event. */
  errorClass: string;
  reason: string;
  /** Message key, empty when it had none. */
  key: Uint8Array;
  /** Original bytes, empty for a tombstone. */
  payload: Uint8Array;
  /** JSON object of the message's headers, values as base64. */
  headersJson: string;
};

export const DEAD_LETTERS_TABLE = "dead_letters_raw";

export const DEAD_LETTERS_COLUMNS = [
  "topic",
  "kafka_partition",
  "kafka_offset",
  "append_time",
  "payload_hash",
  "error_class",
  "reason",
  "message_key",
  "payload",
  "headers",
] as const;

/** Encodes rows for an insert into dead_letters_raw. */
export function encodeDeadLetterRows(rows: Iterable<DeadLetterRow>, writer = new RowBinaryWriter()): EncodedRows {
  writer.reset();
  for (const row of rows) {
    writer.string(row.topic);
    writer.uint32(row.partition);
    writer.int64(row.offset);
    writer.int64(row.appendTimeMs);
    writer.uint64(row.payloadHash);
    writer.string(row.errorClass);
    writer.string(row.reason);
    writer.blob(row.key);
    writer.blob(row.payload);
    writer.string(row.headersJson);
  }
  return { format: "RowBinary", pieces: [writer.bytes()] };
}
