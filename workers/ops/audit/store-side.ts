import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { EXIT } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { CommandError } from "../cli/services.ts";
import { forEachFixedRow } from "./fixed-rows.ts";
import { createProgress } from "./progress.ts";
import { groupHash, RECORD_BYTES, readSafe, STORE_COLUMNS } from "./record.ts";
import type { Spill } from "./spill.ts";

/** What the audit asks the store. */

/**
 * Streams every stored event from the horizon (Unix ms; before it the retention is at work) on, once, into the spill.
 * Resolves with their number.
 */
export async function readStoreSide(
  clickhouse: ClickHouse,
  io: CliIo,
  spill: Spill,
  horizonMs: number,
): Promise<number> {
  const [count] = await clickhouse.query<{ rows: string }>("SELECT count() AS rows FROM events_raw");
  const progress = createProgress(io, "reading the store", Number(count?.rows ?? 0));
  const stream = clickhouse.stream(
    `SELECT ${STORE_COLUMNS} FROM events WHERE event_time >= fromUnixTimestamp64Milli({horizon:Int64}, 'UTC')`,
    { format: "RowBinary", params: { horizon: horizonMs } },
  );
  const rows = await forEachFixedRow(
    stream,
    RECORD_BYTES,
    (view, at) => {
      spill.add(view, at);
      progress.add(1);
    },
    io.signal,
  );
  progress.end();
  return rows;
}

/** Names of the hashes the store may bring that the topic did not. */
export async function readNames(
  clickhouse: ClickHouse,
): Promise<{ groups: Map<bigint, string>; currencies: Map<bigint, string> }> {
  const groups = await clickhouse.query<{ source: string; event_type: string }>(
    "SELECT DISTINCT source, event_type FROM events_raw",
  );
  const currencies = await clickhouse.query<{ currency: string }>("SELECT DISTINCT currency FROM events_raw");
  return {
    groups: new Map(groups.map((row) => [groupHash(row.source, row.event_type), `${row.source} ${row.event_type}`])),
    currencies: new Map(currencies.map((row) => [Bun.hash.xxHash64(row.currency), row.currency])),
  };
}

/** Offsets that an operator gave up (`ops skip`), of messages appended from `sinceMs` on. */
export async function readSkipped(
  clickhouse: ClickHouse,
  topic: string,
  sinceMs: number,
): Promise<(partition: number, offset: number) => boolean> {
  const rows = await clickhouse.query<{ p: number; first: string; last: string }>(
    `SELECT kafka_partition AS p, first_offset AS first, last_offset AS last FROM offsets_without_message FINAL
     WHERE topic = {topic:String} AND kind = 'skipped' AND append_time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')`,
    { params: { topic, since: sinceMs } },
  );
  const ranges = rows.map(({ p, first, last }) => ({ p, first: Number(first), last: Number(last) }));
  return (partition, offset) =>
    ranges.some(({ p, first, last }) => p === partition && offset >= first && offset <= last);
}

/** The keys that resolving conflicts has dropped; for `compareBucket`. */
export async function readResolutions(
  clickhouse: ClickHouse,
): Promise<(eventId: string, minute: number, key: bigint) => boolean> {
  const rows = await clickhouse.query<{ event_id: string; minute: number; source: string; event_type: string }>(
    `SELECT event_id, toUnixTimestamp(event_minute) AS minute, source, event_type FROM conflict_resolutions FINAL`,
  );
  const keys = new Set(rows.map((row) => `${row.event_id} ${row.minute} ${groupHash(row.source, row.event_type)}`));
  return (eventId, minute, key) => keys.has(`${eventId} ${minute} ${key}`);
}

export type StoredLetter = {
  partition: number;
  offset: number;
  appendMs: number;
  errorClass: string;
  /** What the letter says its bytes hash to, and what they do. */
  payloadHash: bigint;
  bytesHash: bigint;
};

const LETTER_BYTES = 44;

/** Streams the dead letters of a topic. */
export async function forEachLetter(
  clickhouse: ClickHouse,
  topic: string,
  onLetter: (letter: StoredLetter) => void,
  signal: AbortSignal,
): Promise<void> {
  const classes = await clickhouse.query<{ error_class: string }>("SELECT DISTINCT error_class FROM dead_letters_raw");
  const names = new Map(classes.map((row) => [Bun.hash.xxHash64(row.error_class), row.error_class]));
  const columns =
    "kafka_partition, kafka_offset, append_time, payload_hash, xxHash64(toString(error_class)), xxHash64(payload)";
  const stream = clickhouse.stream(`SELECT ${columns} FROM dead_letters_raw FINAL WHERE topic = {topic:String}`, {
    format: "RowBinary",
    params: { topic },
  });
  const onRow = (view: DataView, at: number) =>
    onLetter({
      partition: view.getUint32(at, true),
      offset: readSafe(view, at + 4),
      appendMs: readSafe(view, at + 12),
      payloadHash: view.getBigUint64(at + 20, true),
      errorClass: names.get(view.getBigUint64(at + 28, true)) ?? "?",
      bytesHash: view.getBigUint64(at + 36, true),
    });
  await forEachFixedRow(stream, LETTER_BYTES, onRow, signal);
}

const MAX_REJECTED = 1_000_000;

/** `partition/offset` of the events the store has refused by their value, appended from `sinceMs` on. */
export async function readRejected(clickhouse: ClickHouse, topic: string, sinceMs: number): Promise<Set<string>> {
  const rows = await clickhouse.query<{ p: number; o: string }>(
    `SELECT DISTINCT kafka_partition AS p, kafka_offset AS o FROM dead_letters_raw
     WHERE topic = {topic:String} AND error_class = 'rejected_by_store'
       AND append_time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') LIMIT ${MAX_REJECTED + 1}`,
    { params: { topic, since: sinceMs } },
  );
  if (rows.length > MAX_REJECTED) {
    throw new CommandError(
      EXIT.notProven,
      `more than ${MAX_REJECTED} events were rejected by the store`,
      "look at `ops dlq list --class rejected_by_store`, fix the cause and replay them",
    );
  }
  return new Set(rows.map(({ p, o }) => `${p}/${o}`));
}
