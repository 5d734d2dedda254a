import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";

/** Every offset of a partition must be exactly one of stored, duplicate, dead letter, or hold no message. */

export type PartitionAccount = PartitionRange & {
  /** Distinct offsets received as events: stored or duplicates. */
  received: number;
  deadLetters: number;
  /** Offsets of markers and of messages of aborted transactions. */
  transaction: number;
  /** Offsets under which the log has no record any more, and of which nothing was stored before. */
  compacted: number;
  /** Offsets that an operator gave up, and of which nothing is stored. */
  skipped: number;
  /** Offsets that are none of these. */
  missing: number;
  /** Offsets that are both. */
  ambiguous: number;
  /** Offsets the store claims although the topic has not reached them. */
  impossible: number;
  /** Ranges of missing offsets, both ends included; at most {@link MAX_RANGES}. */
  missingRanges: [number, number][];
};

export type AccountingScope = {
  topic: string;
  /** Append time of the topic's first message that still exists, Unix ms: older rows are of an earlier topic. */
  sinceMs: number;
};

const MAX_RANGES = 20;
const SLICES = 64;

/** The first hour is counted from the rows, whose append time is exact; copies that a merge has removed are not seen there. */
const SURE_EVENTS = `
  (SELECT groupBitmapMergeState(offsets) FROM received_offsets
    WHERE kafka_partition = {partition:UInt32}
      AND append_hour > toStartOfHour(fromUnixTimestamp64Milli({since:Int64}, 'UTC'))) AS later_events,
  (SELECT groupBitmapState(kafka_offset) FROM events_raw
    WHERE kafka_partition = {partition:UInt32}
      AND kafka_append_time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
      AND kafka_append_time < toStartOfHour(fromUnixTimestamp64Milli({since:Int64}, 'UTC')) + INTERVAL 1 HOUR) AS first_events,
  bitmapOr(later_events, first_events) AS sure_events`;

const NO_MESSAGE = (kind: string) => `
  (SELECT groupBitmapState(arrayJoin(range(first_offset, last_offset + 1))) FROM offsets_without_message
    WHERE topic = {topic:String} AND kafka_partition = {partition:UInt32} AND kind = '${kind}'
      AND append_time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC'))`;

// The append time of a letter may be one that a client wrote, as seconds or 0: then the store's own time says when it came.
const OF_THIS_TOPIC = `(stored_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
  OR append_time BETWEEN fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND stored_at + INTERVAL 1 DAY)`;

/** Refusals that hold for a time or a configuration: an event stored by a later reading settles such a letter. */
export const SETTLED_BY_STORING: readonly string[] = ["rejected_by_store", "too_old", "in_future", "too_large"];
const SETTLED_LIST = SETTLED_BY_STORING.map((errorClass) => `'${errorClass}'`).join(", ");
const UNSETTLED_LETTERS = `
  (SELECT groupBitmapState(kafka_offset) FROM dead_letters_raw
    WHERE topic = {topic:String} AND kafka_partition = {partition:UInt32} AND error_class NOT IN (${SETTLED_LIST})
      AND ${OF_THIS_TOPIC}) AS letters_unsettled`;

// The append hour is the finest the received offsets are kept by. What an earlier topic of the same name received in the
// hour in which this one began is among them, so that a suspicion is looked at again with SURE_EVENTS.
const STATES = `
  (SELECT groupBitmapMergeState(offsets) FROM received_offsets
    WHERE kafka_partition = {partition:UInt32}
      AND append_hour >= toStartOfHour(fromUnixTimestamp64Milli({since:Int64}, 'UTC'))) AS events_all,
  (SELECT groupBitmapState(kafka_offset) FROM dead_letters_raw
    WHERE topic = {topic:String} AND kafka_partition = {partition:UInt32}
      AND ${OF_THIS_TOPIC}) AS letters_all,
  ${NO_MESSAGE("transaction")} AS transaction_all,
  ${NO_MESSAGE("compacted")} AS compacted_all,
  ${NO_MESSAGE("skipped")} AS skipped_all`;

/**
 * Accounts for the offsets of one partition. `lastClaimed` is the highest offset that the store knows at this moment, of
 * any event or dead letter; -1 when it knows none.
 */
export async function accountPartition(
  clickhouse: ClickHouse,
  scope: AccountingScope,
  range: PartitionRange,
): Promise<PartitionAccount & { lastClaimed: number }> {
  const params = { partition: range.partition, since: scope.sinceMs, topic: scope.topic };
  const within = { ...params, from: range.from, end: range.end };
  type Counts = Record<"e" | "l" | "t" | "c" | "s" | "accounted" | "ambiguous" | "last", string>;
  const [row] = await clickhouse.query<Counts>(
    `WITH ${STATES},
       bitmapSubsetInRange(events_all, {from:UInt64}, {end:UInt64}) AS events,
       bitmapSubsetInRange(letters_all, {from:UInt64}, {end:UInt64}) AS letters,
       bitmapOr(events, letters) AS seen,
       bitmapSubsetInRange(transaction_all, {from:UInt64}, {end:UInt64}) AS transactions,
       bitmapSubsetInRange(compacted_all, {from:UInt64}, {end:UInt64}) AS compactions,
       bitmapSubsetInRange(skipped_all, {from:UInt64}, {end:UInt64}) AS skips
     SELECT bitmapCardinality(events) AS e, bitmapCardinality(letters) AS l, bitmapCardinality(transactions) AS t,
       bitmapAndnotCardinality(compactions, bitmapOr(seen, transactions)) AS c,
       bitmapAndnotCardinality(skips, bitmapOr(seen, transactions)) AS s,
       bitmapCardinality(bitmapOr(bitmapOr(seen, transactions), bitmapOr(compactions, skips))) AS accounted, bitmapAndCardinality(events, letters) AS ambiguous,
       if(bitmapCardinality(events_all) + bitmapCardinality(letters_all) = 0, toInt64(-1),
         toInt64(greatest(bitmapMax(events_all), bitmapMax(letters_all)))) AS last`,
    { params: within },
  );
  const missing = range.end - range.from - Number(row?.accounted ?? 0);
  const count = (slices: readonly Slice[]) => countAccounted(clickhouse, params, slices);
  return {
    ...range,
    received: Number(row?.e ?? 0),
    deadLetters: Number(row?.l ?? 0),
    transaction: Number(row?.t ?? 0),
    compacted: Number(row?.c ?? 0),
    skipped: Number(row?.s ?? 0),
    missing,
    ambiguous: Number(row?.ambiguous ?? 0) > 0 ? await countAmbiguous(clickhouse, within) : 0,
    impossible: 0,
    missingRanges: missing > 0 ? await locateMissing(range, count) : [],
    lastClaimed: Number(row?.last ?? -1),
  };
}

/**
 * Offsets at or beyond `endAfter` that the store claims. `endAfter` is the partition's end, asked for after `lastClaimed`
 * was read: what the store learns later was perhaps appended later, and says nothing.
 */
export async function countImpossible(
  clickhouse: ClickHouse,
  scope: AccountingScope,
  partition: number,
  { lastClaimed, endAfter }: { lastClaimed: number; endAfter: number },
): Promise<number> {
  if (lastClaimed < endAfter) return 0;
  const params = { partition, since: scope.sinceMs, topic: scope.topic, from: endAfter, end: lastClaimed + 1 };
  const [row] = await clickhouse.query<{ n: string }>(
    `WITH ${STATES}, ${SURE_EVENTS}
     SELECT bitmapCardinality(bitmapSubsetInRange(bitmapOr(sure_events, letters_all), {from:UInt64}, {end:UInt64})) AS n`,
    { params },
  );
  return Number(row?.n ?? 0);
}

/**
 * Offsets of the range that are an event and a dead letter of this topic, not of an earlier one, and that no later reading
 * has settled.
 */
async function countAmbiguous(clickhouse: ClickHouse, params: Record<string, unknown>): Promise<number> {
  const [row] = await clickhouse.query<{ n: string }>(
    `WITH ${UNSETTLED_LETTERS}, ${SURE_EVENTS}
     SELECT bitmapCardinality(bitmapSubsetInRange(bitmapAnd(sure_events, letters_unsettled), {from:UInt64}, {end:UInt64})) AS n`,
    { params },
  );
  return Number(row?.n ?? 0);
}

/** How many offsets of [from, to) are known as events or dead letters. */
export async function countSeen(
  clickhouse: ClickHouse,
  scope: AccountingScope,
  partition: number,
  { from, to }: { from: number; to: number },
): Promise<number> {
  const [row] = await clickhouse.query<{ n: string }>(
    `WITH ${STATES}
     SELECT bitmapCardinality(bitmapSubsetInRange(bitmapOr(events_all, letters_all), {from:UInt64}, {end:UInt64})) AS n`,
    { params: { partition, since: scope.sinceMs, topic: scope.topic, from, end: to } },
  );
  return Number(row?.n ?? 0);
}

type Slice = { from: number; end: number };

async function countAccounted(
  clickhouse: ClickHouse,
  params: { partition: number; since: number; topic: string },
  slices: readonly Slice[],
): Promise<number[]> {
  const rows = await clickhouse.query<{ counts: string[] }>(
    `WITH ${STATES}, bitmapOr(bitmapOr(bitmapOr(events_all, letters_all), transaction_all), bitmapOr(compacted_all, skipped_all)) AS accounted
     SELECT arrayMap((f, e) -> bitmapCardinality(bitmapSubsetInRange(accounted, f, e)),
       {froms:Array(UInt64)}, {ends:Array(UInt64)}) AS counts`,
    { params: { ...params, froms: slices.map((slice) => slice.from), ends: slices.map((slice) => slice.end) } },
  );
  return (rows[0]?.counts ?? []).map(Number);
}

/**
 * Finds the missing offsets by counting ever smaller slices, so that no list of offsets is ever loaded. Adjacent ranges
 * are joined; stops at {@link MAX_RANGES}.
 */
export async function locateMissing(
  range: Slice,
  countIn: (slices: readonly Slice[]) => Promise<readonly number[]>,
): Promise<[number, number][]> {
  const found: [number, number][] = [];
  const visit = async (slice: Slice): Promise<void> => {
    const step = Math.max(1, Math.ceil((slice.end - slice.from) / SLICES));
    const slices: Slice[] = [];
    for (let from = slice.from; from < slice.end; from += step) {
      slices.push({ from, end: Math.min(from + step, slice.end) });
    }
    const counts = await countIn(slices);
    for (const [i, part] of slices.entries()) {
      const count = counts[i] ?? 0;
      if (found.length >= MAX_RANGES) return;
      if (count === 0) append(found, part);
      else if (count < part.end - part.from) await visit(part);
    }
  };
  await visit(range);
  return found;
}

function append(found: [number, number][], part: Slice): void {
  const last = found[found.length - 1];
  if (last !== undefined && last[1] + 1 === part.from) last[1] = part.end - 1;
  else found.push([part.from, part.end - 1]);
}

/** What is wrong with a partition's account, as sentences; empty when every offset is exactly one thing. */
export function accountDefects(account: PartitionAccount): string[] {
  const where = `partition ${account.partition}`;
  const defects: string[] = [];
  if (account.missing > 0) {
    const ranges = account.missingRanges.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(", ");
    defects.push(`${where}: ${account.missing} offsets are neither stored nor duplicate nor dead letter: ${ranges}`);
  }
  if (account.ambiguous > 0) defects.push(`${where}: ${account.ambiguous} offsets are both an event and a dead letter`);
  if (account.impossible > 0) {
    defects.push(`${where}: the store holds ${account.impossible} offsets that the topic has not reached`);
  }
  return defects;
}
