import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { forEachFixedRow } from "../audit/fixed-rows.ts";
import { AT, groupHash, RECORD_BYTES, readId, readSafe, STORE_COLUMNS } from "../audit/record.ts";
import { readSkipped } from "../audit/store-side.ts";
import { countSeen, SETTLED_BY_STORING } from "../verify/accounting.ts";
import { readRawHorizon } from "../verify/queries.ts";
import { keyText, minuteOf, placeOf, type Slice, timeOf } from "./read-slice.ts";
import { timeRanges } from "./time-ranges.ts";

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
const IDS_PER_QUERY = 4_000;

/** A slice while it is compared. */
type Comparison = {
  slice: Slice;
  /** Events without a row yet, by offset. */
  missing: Map<number, number>;
  /** Offsets with the letter they should have. */
  rejected: Set<number>;
  defects: string[];
  report(offset: number, text: string): void;
};

function begin(slice: Slice): Comparison {
  const defects: string[] = [];
  const report = (offset: number, text: string) => {
    if (defects.length < MAX_LISTED) defects.push(`${slice.partition}/${offset}: ${text}`);
  };
  return { slice, missing: new Map(slice.at), rejected: new Set(), defects, report };
}

/**
 * Compares set and contents of the slices' offsets with the store, which must have committed them before; the findings are
 * in the slices' order. All slices together are asked for at once: their event times overlap, and the store would read the
 * same minutes once for each. What could excuse a missing row (letters, resolutions, retention) is read after the rows.
 */
export async function compareSlices(
  clickhouse: ClickHouse,
  topic: string,
  slices: readonly Slice[],
): Promise<SliceFindings[]> {
  if (slices.length === 0) return [];
  const comparisons = slices.map(begin);
  const sinceMs = Math.min(...slices.map(({ appended }) => appended?.firstMs ?? 0));
  await compareRows(clickhouse, comparisons);
  await removeDuplicates(clickhouse, comparisons);
  await compareLetters(clickhouse, topic, comparisons);
  const horizonMs = (await readRawHorizon(clickhouse)) * 1000;
  const isSkipped = await readSkipped(clickhouse, topic, sinceMs);
  const resolved = await readResolved(clickhouse, comparisons);
  const isExcused = ({ slice, rejected }: Comparison, offset: number) =>
    rejected.has(offset) || isSkipped(slice.partition, offset);
  for (const one of comparisons) {
    const { slice, missing, report } = one;
    for (const [offset, at] of missing) {
      if (timeOf(slice, at) < horizonMs || isExcused(one, offset) || resolved.has(keyText(slice, at))) continue;
      report(offset, `event ${readId(slice.view, at)} is not stored`);
    }
    for (const [offset, { errorClass }] of slice.refused) {
      if (!isExcused(one, offset)) report(offset, `no dead letter of class ${errorClass}`);
    }
  }
  const findings: SliceFindings[] = [];
  for (const { slice, defects } of comparisons) {
    const minutes = new Set<number>();
    for (const at of slice.at.values()) if (timeOf(slice, at) >= horizonMs) minutes.add(minuteOf(slice, at));
    findings.push({ defects, minutes, unproven: await countUnproven(clickhouse, topic, slice, isSkipped) });
  }
  return findings;
}

async function countUnproven(
  clickhouse: ClickHouse,
  topic: string,
  { partition, gaps, appended }: Slice,
  isSkipped: (partition: number, offset: number) => boolean,
): Promise<number> {
  const scope = { topic, sinceMs: appended?.firstMs ?? 0 };
  let unproven = 0;
  for (const { from, to, kind } of gaps) {
    if (kind === "transaction" || (isSkipped(partition, from) && isSkipped(partition, to - 1))) continue;
    const seen = kind === "unreadable" ? 0 : await countSeen(clickhouse, scope, partition, { from, to });
    unproven += to - from - seen;
  }
  return unproven;
}

function within(slices: readonly Slice[]): string {
  const minutes = slices.flatMap((slice) => [...new Set([...slice.at.values()].map((at) => minuteOf(slice, at)))]);
  const parts = timeRanges(minutes, MAX_RANGES).map(
    ([from, to]) => `(event_time >= toDateTime64(${from}, 3, 'UTC') AND event_time < toDateTime64(${to}, 3, 'UTC'))`,
  );
  return `(${parts.join(" OR ")})`;
}

/** A gap of the log says nothing about what was stored while it held a message there; of aborted messages nothing ever was. */
const mayBeStored = ({ gaps }: Slice, offset: number) =>
  gaps.some(({ from, to, kind }) => kind !== "transaction" && offset >= from && offset < to);

/** Every row of these offsets must be what the topic holds there; what has its row is missing no longer. */
async function compareRows(clickhouse: ClickHouse, comparisons: readonly Comparison[]): Promise<void> {
  const found = comparisons.filter(({ slice }) => slice.at.size > 0);
  if (found.length === 0) return;
  const byPartition = new Map(found.map((one) => [one.slice.partition, one]));
  // By position: one comparison a row, however many partitions there are.
  const bounds = (pick: (slice: Slice) => number) => {
    const last = Math.max(...byPartition.keys());
    const all = Array.from({ length: last + 1 }, (_, partition) => byPartition.get(partition)?.slice);
    return `CAST([${all.map((slice) => (slice === undefined ? 0 : pick(slice))).join(", ")}], 'Array(UInt64)')[kafka_partition + 1]`;
  };
  const firstMs = Math.min(...found.map(({ slice }) => slice.appended?.firstMs ?? 0));
  const stream = clickhouse.stream(
    `SELECT ${STORE_COLUMNS} FROM events_raw
     WHERE kafka_offset >= ${bounds(({ from }) => from)} AND kafka_offset < ${bounds(({ to }) => to)}
       AND kafka_append_time >= fromUnixTimestamp64Milli({first:Int64}, 'UTC')
       AND ${within(found.map(({ slice }) => slice))}`,
    { format: "RowBinary", params: { first: firstMs } },
  );
  await forEachFixedRow(stream, RECORD_BYTES, (view, row) => {
    const one = byPartition.get(view.getUint32(row + AT.partition, true));
    // Of an earlier topic of this name.
    if (one === undefined || readSafe(view, row + AT.appendMs) < (one.slice.appended?.firstMs ?? 0)) return;
    compareRow(one, view, row);
  });
}

function compareRow({ slice, missing, report }: Comparison, view: DataView, row: number): void {
  const offset = readSafe(view, row + AT.offset);
  const at = slice.at.get(offset);
  if (at === undefined) {
    if (!mayBeStored(slice, offset))
      report(offset, `event ${readId(view, row)} is stored, and the topic holds none there`);
    return;
  }
  missing.delete(offset);
  const wrong = differences(slice.view, at, view, row);
  if (wrong.length > 0) report(offset, `event ${readId(slice.view, at)} is stored with another ${wrong.join(", ")}`);
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

type Open = { one: Comparison; offset: number; at: number };

/** What is missing of all slices, in portions whose ids make a query. */
function* portions(comparisons: readonly Comparison[]): Generator<{ open: Open[]; ids: string }> {
  const all = comparisons.flatMap((one) => [...one.missing].map(([offset, at]): Open => ({ one, offset, at })));
  for (let from = 0; from < all.length; from += IDS_PER_QUERY) {
    const open = all.slice(from, from + IDS_PER_QUERY);
    const ids = new Set(open.map(({ one, at }) => `'${readId(one.slice.view, at)}'`));
    yield { open, ids: [...ids].join(", ") };
  }
}

type KeyRow = { id: string; minute: number; source: string; type: string };
const rowKey = ({ id, minute, source, type }: KeyRow) => `${id} ${minute} ${groupHash(source, type)}`;

/** Takes from what is missing the copies of events of which an earlier copy is stored. */
async function removeDuplicates(clickhouse: ClickHouse, comparisons: readonly Comparison[]): Promise<void> {
  for (const { open, ids } of portions(comparisons)) {
    const slices = [...new Set(open.map(({ one }) => one.slice))];
    const rows = await clickhouse.query<KeyRow & { at: string; p: number; o: string }>(
      `SELECT event_id AS id, toUnixTimestamp(toStartOfMinute(event_time)) AS minute, source, event_type AS type,
         toUnixTimestamp64Milli(kafka_append_time) AS at, kafka_partition AS p, kafka_offset AS o
       FROM events_raw WHERE ${within(slices)} AND event_id IN (${ids})`,
    );
    const earliest = new Map<string, readonly number[]>();
    for (const row of rows) {
      const key = rowKey(row);
      const place = [Number(row.at), row.p, Number(row.o)];
      const known = earliest.get(key);
      if (known === undefined || isBefore(place, known)) earliest.set(key, place);
    }
    for (const { one, offset, at } of open) {
      const place = earliest.get(keyText(one.slice, at));
      if (place !== undefined && isBefore(place, placeOf(one.slice, offset, at))) one.missing.delete(offset);
    }
  }
}

const isBefore = (a: readonly number[], b: readonly number[]) => {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value < (b[i] ?? 0);
  return false;
};

/** Notes the offsets that have the letter they should have, or one of an event that the store refused. */
async function compareLetters(
  clickhouse: ClickHouse,
  topic: string,
  comparisons: readonly Comparison[],
): Promise<void> {
  const read = comparisons.filter(({ slice }) => slice.appended !== undefined);
  if (read.length === 0) return;
  const ranges = read.map(
    ({ slice: { partition, from, to, appended } }) =>
      `(kafka_partition = ${partition} AND kafka_offset >= ${from} AND kafka_offset < ${to}
        AND append_time >= fromUnixTimestamp64Milli(${appended?.firstMs ?? 0}, 'UTC'))`,
  );
  const letters = await clickhouse.query<Letter & { p: number; o: string }>(
    `SELECT kafka_partition AS p, kafka_offset AS o, error_class AS c, payload_hash AS said, xxHash64(payload) AS bytes
     FROM dead_letters_raw FINAL WHERE topic = {topic:String} AND (${ranges.join(" OR ")})`,
    { params: { topic } },
  );
  const byPartition = new Map(read.map((one) => [one.slice.partition, one]));
  for (const letter of letters) {
    const one = byPartition.get(letter.p);
    if (one !== undefined) compareLetter(one, Number(letter.o), letter);
  }
}

type Letter = { c: string; said: string; bytes: string };

function compareLetter({ slice, missing, rejected, report }: Comparison, offset: number, letter: Letter): void {
  if (rejected.has(offset)) {
    report(offset, "two dead letters of one offset");
    return;
  }
  const refused = slice.refused.get(offset);
  if (refused === undefined) {
    if (!slice.at.has(offset)) {
      if (!mayBeStored(slice, offset)) report(offset, "a dead letter of an offset without a message");
    } else if (letter.c === "rejected_by_store") rejected.add(offset);
    else if (missing.has(offset) || !SETTLED_BY_STORING.includes(letter.c))
      report(offset, `a valid event lies among the dead letters as ${letter.c}`);
    return;
  }
  rejected.add(offset);
  if (refused.errorClass !== letter.c) report(offset, `a dead letter of class ${letter.c}, not ${refused.errorClass}`);
  if (BigInt(letter.bytes) !== refused.hash || BigInt(letter.said) !== refused.hash)
    report(offset, "the dead letter's payload is not the message's");
}

async function readResolved(clickhouse: ClickHouse, comparisons: readonly Comparison[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { ids } of portions(comparisons)) {
    const rows = await clickhouse.query<KeyRow>(
      `SELECT event_id AS id, toUnixTimestamp(event_minute) AS minute, source, event_type AS type
       FROM conflict_resolutions FINAL WHERE event_id IN (${ids})`,
    );
    for (const row of rows) found.add(rowKey(row));
  }
  return found;
}
