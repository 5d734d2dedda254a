import type { EncodedRows } from "./events-raw.ts";
import { dateTime64, encodeJsonRows } from "./json-rows.ts";

/**
 * Why offsets hold no message that could become an event.
 * - `transaction`: markers, and messages of aborted transactions
 * - `compacted`: the log has no record there; its message is lost unless it was stored before
 * - `skipped`: an operator gave them up (`ops skip`)
 */
export const OFFSET_KINDS = ["transaction", "compacted", "skipped"] as const;

/** Offsets of one partition, both ends included. */
export type OffsetsWithoutMessage = {
  topic: string;
  partition: number;
  first: number;
  last: number;
  kind: (typeof OFFSET_KINDS)[number];
  /** Append time of a message near them, Unix ms: it tells topics of the same name apart. */
  appendTimeMs: number;
};

export const OFFSETS_WITHOUT_MESSAGE_TABLE = "offsets_without_message";
export const OFFSETS_WITHOUT_MESSAGE_COLUMNS = [
  "topic",
  "kafka_partition",
  "first_offset",
  "last_offset",
  "kind",
  "append_time",
] as const;

/** Longer ranges become several rows: readers make a list of the offsets of a row. */
const MAX_OFFSETS = 1_000_000;

/** Encodes rows for an insert into offsets_without_message. */
export function encodeOffsetsWithoutMessage(ranges: Iterable<OffsetsWithoutMessage>): EncodedRows {
  return encodeJsonRows([...ranges].flatMap(split));
}

function split({ topic, partition, first, last, kind, appendTimeMs }: OffsetsWithoutMessage) {
  const rows: Record<string, unknown>[] = [];
  for (let from = first; from <= last; from += MAX_OFFSETS) {
    rows.push({
      topic,
      kafka_partition: partition,
      first_offset: from,
      last_offset: Math.min(last, from + MAX_OFFSETS - 1),
      kind,
      append_time: dateTime64(appendTimeMs),
    });
  }
  return rows;
}
