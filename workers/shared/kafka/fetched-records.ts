import type { KafkaMessage } from "kafkajs-unpatched";

/**
 * Offsets [from, to) without a message that could be read.
 * - `transaction`: markers and messages of aborted transactions, which nobody is to see
 * - `compacted`: the log has no record there
 * - `deleted`: retention has deleted them
 * - `unreadable`: a record batch that is corrupt or beyond the limit
 */
export type Gap = {
  from: number;
  to: number;
  kind: "transaction" | "compacted" | "deleted" | "unreadable";
  detail?: string;
};

/** A record as the client decodes it. */
export type FetchedRecord = KafkaMessage & {
  readonly isControlRecord?: boolean;
  readonly batchContext?: {
    readonly firstOffset: string;
    readonly lastOffsetDelta: number;
    readonly producerId: string;
    readonly inTransaction: boolean;
  };
};

export type AbortedTransaction = { readonly producerId: string; readonly firstOffset: string };

/** The first half of a marker's key is its version, the second its type. */
const ABORT_MARKER = 0;

/**
 * Sorts what a fetch brought into messages and gaps; `next` is where to go on. An aborted transaction reaches from its
 * first offset to its producer's next marker.
 */
export function sortFetched(
  records: readonly FetchedRecord[],
  aborted: readonly AbortedTransaction[],
  { from, end }: { from: number; end: number },
): { messages: KafkaMessage[]; gaps: Gap[]; next: number } {
  const coming = [...aborted].sort((a, b) => Number(a.firstOffset) - Number(b.firstOffset));
  const aborting = new Set<string>();
  const messages: KafkaMessage[] = [];
  const gaps: Gap[] = [];
  let next = from;
  for (const record of records) {
    const offset = Number(record.offset);
    while (coming[0] !== undefined && Number(coming[0].firstOffset) <= offset)
      aborting.add(coming.shift()?.producerId ?? "");
    const producer = record.batchContext?.producerId ?? "";
    const hidden =
      record.isControlRecord === true || (record.batchContext?.inTransaction === true && aborting.has(producer));
    if (record.isControlRecord && record.key?.readInt16BE(2) === ABORT_MARKER) aborting.delete(producer);
    if (offset < next || offset >= end) continue;
    if (offset > next) addGap(gaps, next, offset, "compacted");
    if (hidden) addGap(gaps, offset, offset + 1, "transaction");
    else messages.push(record);
    next = offset + 1;
  }
  // Compaction may have removed the last records of a batch, which ends where it ended.
  const last = records.at(-1)?.batchContext;
  const batchEnd = last === undefined ? next : Math.min(end, Number(last.firstOffset) + last.lastOffsetDelta + 1);
  if (batchEnd > next) {
    addGap(gaps, next, batchEnd, "compacted");
    next = batchEnd;
  }
  return { messages, gaps, next };
}

function addGap(gaps: Gap[], from: number, to: number, kind: Gap["kind"]): void {
  const last = gaps.at(-1);
  if (last !== undefined && last.kind === kind && last.to === from) last.to = to;
  else gaps.push({ from, to, kind });
}
