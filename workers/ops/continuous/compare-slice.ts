import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { forEachFixedRow } from "../audit/fixed-rows.ts";
import { AT, groupHash, RECORD_BYTES, readId, readSafe, STORE_COLUMNS } from "../audit/record.ts";
import { readSkipped } from "../audit/store-side.ts";
import { countSeen } from "../verify/accounting.ts";
import { readRawHorizon } from "../verify/queries.ts";
import type { Slice } from "./read-slice.ts";

/** What comparing a slice with the store yields. */
export type SliceFindings = {
  /** Sentences about what differs; empty: set and contents are equal. At most {@link MAX_LISTED} of them. */
  defects: string[];
  /** Event minutes (Unix s) that the slice touches and the raw retention still holds. */
  minutes: Set<number>;
  /** Offsets that nobody can compare: unreadable, or gone before they were stored. */
  unproven: number;
};

const MAX_LISTED = 20;
/** So many ranges of event minutes make a condition short enough. */
const MAX_RANGES = 40;
const IDS_PER_QUERY = 2_000;

/**
 * Compares set and contents of the slice's offsets with the store, which must have committed them before. What could
 * excuse a missing row (letters, resolutions, retention) is read after the rows.
 */
export async function compareSlice(clickhouse: ClickHouse, topic: string, slice: Slice): Promise<SliceFindings> {
  const defects: string[] = [];
  const report = (offset: number, text: string) => {
    if (defects.length < MAX_LISTED) defects.push(`${slice.partition}/${offset}: ${text}`);
  };
  const sinceMs = slice.appended?.firstMs ?? 0;
  const missing = await compareRows(clickhouse, slice, report);
  await removeDuplicates(clickhouse, slice, missing);
  const rejected = await compareLetters(clickhouse, topic, slice, report);
  const horizonMs = (await readRawHorizon(clickhouse)) * 1000;
  const isSkipped = await readSkipped(clickhouse, topic, sinceMs);
  const resolved = missing.size === 0 ? new Set<string>() : await readResolved(clickhouse, slice, missing);
  for (const [offset, at] of missing) {
    const excused = timeOf(slice, at) < horizonMs || rejected.has(offset) || isSkipped(slice.partition, offset);
    if (!excused && !resolved.has(keyText(slice.view, at)))
      report(offset, `event ${readId(slice.view, at)} is not stored`);
  }
  for (const [offset, { errorClass }] of slice.refused) {
    if (!rejected.has(offset) && !isSkipped(slice.partition, offset))
      report(offset, `no dead letter of class ${errorClass}`);
  }
  const minutes = new Set<number>();
  for (const at of slice.at.values()) if (timeOf(slice, at) >= horizonMs) minutes.add(minuteOf(slice, at));
  let unproven = 0;
  for (const { from, to, kind } of slice.gaps) {
    if (kind === "transaction" || (isSkipped(slice.partition, from) && isSkipped(slice.partition, to - 1))) continue;
    const seen =
      kind === "unreadable" ? 0 : await countSeen(clickhouse, { topic, sinceMs }, slice.partition, { from, to });
    unproven += to - from - seen;
  }
  return { defects, minutes, unproven };
}

const timeOf = ({ view }: Slice, at: number) => readSafe(view, at + AT.timeMs);
const minuteOf = (slice: Slice, at: number) => Math.floor(timeOf(slice, at) / 60_000) * 60;
const keyText = (view: DataView, at: number) =>
  `${readId(view, at)} ${Math.floor(readSafe(view, at + AT.timeMs) / 60_000) * 60} ${view.getBigUint64(at + AT.key, true)}`;

/** The slice's minutes as few ranges of event time, [from, to) in Unix s; the smallest gaps between them are included. */
export function timeRanges(minutes: Iterable<number>, limit: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (const minute of [...new Set(minutes)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] >= minute) last[1] = minute + 60;
    else ranges.push([minute, minute + 60]);
  }
  if (ranges.length <= limit) return ranges;
  const gaps = ranges.slice(1).map(([from], i) => from - (ranges[i]?.[1] ?? from));
  const bridged = [...gaps].sort((a, b) => b - a)[limit - 2] ?? 0;
  const merged: [number, number][] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && range[0] - last[1] < bridged) last[1] = range[1];
    else merged.push(range);
  }
  return merged;
}

function within(slice: Slice): string {
  const ranges = timeRanges(
    [...slice.at.values()].map((at) => minuteOf(slice, at)),
    MAX_RANGES,
  );
  const parts = ranges.map(
    ([from, to]) => `(event_time >= toDateTime64(${from}, 3, 'UTC') AND event_time < toDateTime64(${to}, 3, 'UTC'))`,
  );
  return `(${parts.join(" OR ")})`;
}

/** Every row of these offsets must be what the topic holds there. Answers the events without a row, by offset. */
async function compareRows(
  clickhouse: ClickHouse,
  slice: Slice,
  report: (offset: number, text: string) => void,
): Promise<Map<number, number>> {
  const missing = new Map(slice.at);
  if (slice.appended === undefined || slice.at.size === 0) return missing;
  const stream = clickhouse.stream(
    `SELECT ${STORE_COLUMNS} FROM events_raw
     WHERE kafka_partition = {partition:UInt32} AND kafka_offset >= {from:UInt64} AND kafka_offset < {to:UInt64}
       AND kafka_append_time >= fromUnixTimestamp64Milli({first:Int64}, 'UTC') AND ${within(slice)}`,
    {
      format: "RowBinary",
      params: { partition: slice.partition, from: slice.from, to: slice.to, first: slice.appended.firstMs },
    },
  );
  await forEachFixedRow(stream, RECORD_BYTES, (view, row) => {
    const offset = readSafe(view, row + AT.offset);
    const at = slice.at.get(offset);
    if (at === undefined) return report(offset, `event ${readId(view, row)} is stored, and the topic holds none there`);
    missing.delete(offset);
    const wrong = differences(slice.view, at, view, row);
    if (wrong.length > 0) report(offset, `event ${readId(slice.view, at)} is stored with another ${wrong.join(", ")}`);
  });
  return missing;
}

const FIELDS = [
  ["event_time", AT.timeMs],
  ["source or type", AT.key],
  ["amount", AT.amountE4],
  ["currency", AT.currency],
  ["user or session", AT.identity],
  ["append time", AT.appendMs],
  ["content", AT.content],
] as const;

function differences(topic: DataView, at: number, store: DataView, row: number): string[] {
  const sameId =
    topic.getBigUint64(at, true) === store.getBigUint64(row, true) &&
    topic.getBigUint64(at + 8, true) === store.getBigUint64(row + 8, true);
  const wrong = FIELDS.filter(
    ([, field]) => topic.getBigUint64(at + field, true) !== store.getBigUint64(row + field, true),
  );
  return [...(sameId ? [] : ["event_id"]), ...wrong.map(([name]) => name)];
}

/** Takes from `missing` the copies of events of which an earlier copy is stored. */
async function removeDuplicates(clickhouse: ClickHouse, slice: Slice, missing: Map<number, number>): Promise<void> {
  const open = [...missing];
  for (let from = 0; from < open.length; from += IDS_PER_QUERY) {
    const part = open.slice(from, from + IDS_PER_QUERY);
    const ids = [...new Set(part.map(([, at]) => `'${readId(slice.view, at)}'`))].join(", ");
    const rows = await clickhouse.query<{
      id: string;
      minute: number;
      source: string;
      type: string;
      at: string;
      p: number;
      o: string;
    }>(
      `SELECT event_id AS id, toUnixTimestamp(toStartOfMinute(event_time)) AS minute, source, event_type AS type,
         toUnixTimestamp64Milli(kafka_append_time) AS at, kafka_partition AS p, kafka_offset AS o
       FROM events_raw WHERE ${within(slice)} AND event_id IN (${ids})`,
    );
    const earliest = new Map<string, [number, number, number]>();
    for (const row of rows) {
      const key = `${row.id} ${row.minute} ${groupHash(row.source, row.type)}`;
      const place: [number, number, number] = [Number(row.at), row.p, Number(row.o)];
      const known = earliest.get(key);
      if (known === undefined || isBefore(place, known)) earliest.set(key, place);
    }
    for (const [offset, at] of part) {
      const place = earliest.get(keyText(slice.view, at));
      const own: [number, number, number] = [readSafe(slice.view, at + AT.appendMs), slice.partition, offset];
      if (place !== undefined && isBefore(place, own)) missing.delete(offset);
    }
  }
}

const isBefore = (a: readonly number[], b: readonly number[]) => {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value < (b[i] ?? 0);
  return false;
};

/** Answers the offsets that have the letter they should have, or one of an event that the store refused. */
async function compareLetters(
  clickhouse: ClickHouse,
  topic: string,
  slice: Slice,
  report: (offset: number, text: string) => void,
): Promise<Set<number>> {
  const right = new Set<number>();
  if (slice.appended === undefined) return right;
  const letters = await clickhouse.query<{ o: string; c: string; said: string; bytes: string }>(
    `SELECT kafka_offset AS o, error_class AS c, payload_hash AS said, xxHash64(payload) AS bytes
     FROM dead_letters_raw FINAL
     WHERE topic = {topic:String} AND kafka_partition = {partition:UInt32} AND kafka_offset >= {from:UInt64}
       AND kafka_offset < {to:UInt64} AND append_time >= fromUnixTimestamp64Milli({first:Int64}, 'UTC')`,
    {
      params: {
        topic,
        partition: slice.partition,
        from: slice.from,
        to: slice.to,
        first: slice.appended.firstMs,
      },
    },
  );
  for (const letter of letters) {
    const offset = Number(letter.o);
    const refused = slice.refused.get(offset);
    if (right.has(offset)) report(offset, "two dead letters of one offset");
    else if (refused === undefined) {
      if (!slice.at.has(offset)) report(offset, "a dead letter of an offset without a message");
      else if (letter.c === "rejected_by_store") right.add(offset);
      else report(offset, `a valid event lies among the dead letters as ${letter.c}`);
    } else {
      right.add(offset);
      if (refused.errorClass !== letter.c)
        report(offset, `a dead letter of class ${letter.c}, not ${refused.errorClass}`);
      if (BigInt(letter.bytes) !== refused.hash || BigInt(letter.said) !== refused.hash)
        report(offset, "the dead letter's payload is not the message's");
    }
  }
  return right;
}

async function readResolved(
  clickhouse: ClickHouse,
  slice: Slice,
  missing: ReadonlyMap<number, number>,
): Promise<Set<string>> {
  const found = new Set<string>();
  const ids = [...new Set([...missing.values()].map((at) => `'${readId(slice.view, at)}'`))];
  for (let from = 0; from < ids.length; from += IDS_PER_QUERY) {
    const rows = await clickhouse.query<{ id: string; minute: number; source: string; type: string }>(
      `SELECT event_id AS id, toUnixTimestamp(event_minute) AS minute, source, event_type AS type FROM conflict_resolutions FINAL
       WHERE event_id IN (${ids.slice(from, from + IDS_PER_QUERY).join(", ")})`,
    );
    for (const row of rows) found.add(`${row.id} ${row.minute} ${groupHash(row.source, row.type)}`);
  }
  return found;
}
