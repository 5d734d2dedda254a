import type { ColumnValues } from "./columns.ts";

/**
 * One event as the audit compares it, 88 bytes, little-endian: exactly the RowBinary of {@link STORE_COLUMNS}, so that the
 * store's answer can be spilled as it arrives. Texts are hashes (xxHash64), of equal text equal on both sides.
 */

export const RECORD_BYTES = 88;

/** Byte offsets of the fields. */
export const AT = {
  /** UUID in RowBinary: two 64-bit halves. */
  id: 0,
  timeMs: 16,
  key: 24,
  amountE4: 32,
  currency: 40,
  identity: 48,
  offset: 56,
  appendMs: 64,
  partition: 72,
  side: 76,
  content: 80,
} as const;

/** Which side a record is of. */
export const SIDE = { topic: 0, store: 1 } as const;

/** The select list that yields records; the last columns are the side and the content, see {@link contentHash}. */
export const STORE_COLUMNS = [
  "event_id",
  "event_time",
  "xxHash64(concat(toString(source), '\\0', toString(event_type)))",
  "amount",
  "xxHash64(toString(currency))",
  "xxHash64(concat(user_id, '\\0', session_id))",
  "kafka_offset",
  "kafka_append_time",
  "kafka_partition",
  `toUInt32(${SIDE.store})`,
  "xxHash64(concat(payload, '\\0', extra, '\\0', toString(producer), '\\0', toString(size_bytes), '\\0', toString(toUnixTimestamp64Milli(received_time))))",
].join(", ");

/** The money among an event's columns. */
export function moneyOf(columns: ColumnValues): { amountE4: bigint; currency: string } {
  const amount = columns.get("amount");
  const currency = columns.get("currency");
  return {
    amountE4: typeof amount === "bigint" ? amount : 0n,
    currency: typeof currency === "string" ? currency : "",
  };
}

export type RecordFields = {
  id: string;
  timeMs: number;
  key: bigint;
  amountE4: bigint;
  currency: bigint;
  identity: bigint;
  partition: number;
  offset: number;
  appendMs: number;
  content: bigint;
};

/** What else is stored of a message as it was sent. */
export type Content = { payload: string; extra: string; producer: string; sizeBytes: number; receivedMs: number };

/** The hash of an event's content, as {@link STORE_COLUMNS} computes it; NUL stands in none of its parts unescaped. */
export function contentHash({ payload, extra, producer, sizeBytes, receivedMs }: Content): bigint {
  return Bun.hash.xxHash64([payload, extra, producer, sizeBytes, receivedMs].join("\0"));
}

/** Writes one record at a byte position. */
export function writeRecord(view: DataView, at: number, side: number, fields: RecordFields): void {
  const hex = fields.id.replaceAll("-", "");
  view.setBigUint64(at, BigInt(`0x${hex.slice(0, 16)}`), true);
  view.setBigUint64(at + 8, BigInt(`0x${hex.slice(16)}`), true);
  view.setBigInt64(at + AT.timeMs, BigInt(fields.timeMs), true);
  view.setBigUint64(at + AT.key, fields.key, true);
  view.setBigInt64(at + AT.amountE4, fields.amountE4, true);
  view.setBigUint64(at + AT.currency, fields.currency, true);
  view.setBigUint64(at + AT.identity, fields.identity, true);
  view.setBigUint64(at + AT.offset, BigInt(fields.offset), true);
  view.setBigInt64(at + AT.appendMs, BigInt(fields.appendMs), true);
  view.setUint32(at + AT.partition, fields.partition, true);
  view.setUint32(at + AT.side, side, true);
  view.setBigUint64(at + AT.content, fields.content, true);
}

/** The event id of a record as text. */
export function readId(view: DataView, at: number): string {
  const half = (position: number) => view.getBigUint64(position, true).toString(16).padStart(16, "0");
  const hex = half(at) + half(at + 8);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Reads a 64-bit number that is known to be a safe integer. */
export function readSafe(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * 0x1_0000_0000;
}

/** A 32-bit mix of a record's id: every bit of the id matters, because ids need not be random. */
export function hashId(view: DataView, at: number): number {
  let hash = 0;
  for (let word = at; word < at + 16; word += 4) {
    hash = Math.imul(hash ^ view.getUint32(word, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The hash of a group's name, as {@link STORE_COLUMNS} computes it. */
export function groupHash(source: string, type: string): bigint {
  return Bun.hash.xxHash64(`${source}\0${type}`);
}
