import { z } from "zod";
import { RowBinaryWriter } from "../row-binary.ts";
import type { EncodedRows } from "./events-raw.ts";

/**
 * One record of the ledger topic, cumulative: the newest record of a key replaces the older ones. `count` and
 * `checksum` are over distinct event_ids whose first acknowledgement this instance saw.
 * Key: `<instance>|<minute>|<source>|<type>`, or `<instance>` for the instance's own state.
 */
export const ledgerCountSchema = z.object({
  kind: z.literal("count"),
  instance: z.string().min(1),
  /** Event minute, Unix seconds. */
  minute: z.int().min(0),
  source: z.string().min(1),
  event_type: z.string().min(1),
  count: z.int().min(0),
  /** Sum of xxHash64(event_id) mod 2^64, decimal text. */
  checksum: z.string().regex(/^\d{1,20}$/),
  /** Sends whose acknowledgement stayed unknown. */
  unknown: z.int().min(0),
});

export const ledgerInstanceSchema = z.object({
  kind: z.literal("instance"),
  instance: z.string().min(1),
  state: z.enum(["open", "closed", "audited"]),
  /** Start of the instance and time of this record, Unix ms. */
  started_at: z.int(),
  updated_at: z.int(),
  /** Totals over all keys, to see that no key's record is missing; of a ledger with `reached`, of messages. */
  count: z.int().min(0),
  unknown: z.int().min(0),
  /**
   * The last acknowledged offset by partition, of an instance that sends what others made: a client may send one event
   * twice, so distinct events are not its to count. Everything up to a partition's end is accounted for by its offset.
   */
  reached: z.record(z.string().regex(/^\d{1,10}$/), z.int().min(0)).optional(),
});

export const ledgerRecordSchema = z.discriminatedUnion("kind", [ledgerCountSchema, ledgerInstanceSchema]);
export type LedgerRecord = z.output<typeof ledgerRecordSchema>;

/** The compaction key of a record. */
export function ledgerKey(record: LedgerRecord): string {
  return record.kind === "instance"
    ? record.instance
    : `${record.instance}|${record.minute}|${record.source}|${record.event_type}`;
}

export const LEDGER_COUNTS_TABLE = "ledger_counts";
export const LEDGER_COUNTS_COLUMNS = [
  "instance",
  "event_minute",
  "source",
  "event_type",
  "events",
  "checksum",
  "unknown",
  "version",
] as const;
export const LEDGER_INSTANCES_TABLE = "ledger_instances";
export const LEDGER_INSTANCES_COLUMNS = [
  "instance",
  "state",
  "started_at",
  "updated_at",
  "events",
  "unknown",
  "version",
  "reached",
] as const;

/** A record with its offset in the ledger topic, which is its version in the store. */
export type LedgerEntry<R extends LedgerRecord = LedgerRecord> = { record: R; offset: number };

export function encodeLedgerCounts(
  entries: Iterable<LedgerEntry<z.output<typeof ledgerCountSchema>>>,
  writer = new RowBinaryWriter(),
): EncodedRows {
  writer.reset();
  for (const { record, offset } of entries) {
    writer.string(record.instance);
    writer.uint32(record.minute);
    writer.string(record.source);
    writer.string(record.event_type);
    writer.int64(record.count);
    writer.uint64(BigInt(record.checksum));
    writer.int64(record.unknown);
    writer.int64(offset);
  }
  return { format: "RowBinary", pieces: [writer.bytes()] };
}

export function encodeLedgerInstances(
  entries: Iterable<LedgerEntry<z.output<typeof ledgerInstanceSchema>>>,
  writer = new RowBinaryWriter(),
): EncodedRows {
  writer.reset();
  for (const { record, offset } of entries) {
    writer.string(record.instance);
    writer.string(record.state);
    writer.int64(record.started_at);
    writer.int64(record.updated_at);
    writer.int64(record.count);
    writer.int64(record.unknown);
    writer.int64(offset);
    writer.string(record.reached === undefined ? "" : JSON.stringify(record.reached));
  }
  return { format: "RowBinary", pieces: [writer.bytes()] };
}
