import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";
import type { StoredRun } from "./ranges.ts";

/** Offsets that are counted together; gaps at least this long are shown as ranges of their own. */
export const BLOCK = 1_000;

/** `held`: the first offset that the topic still has of the row's partition. */
const SQL = `
WITH transform(kafka_partition, {partitions:Array(UInt32)}, {froms:Array(UInt64)}, {beyond:UInt64}) AS held
SELECT kafka_partition AS partition, is_earlier, toString(min(kafka_offset)) AS first, toString(max(kafka_offset)) AS last,
  toString(uniqExact(kafka_offset)) AS stored
FROM
(
  SELECT kafka_partition, kafka_offset, kafka_append_time < fromUnixTimestamp64Milli({since:Int64}, 'UTC') AS is_older FROM events_raw
  UNION ALL
  SELECT kafka_partition, kafka_offset, append_time < fromUnixTimestamp64Milli({since:Int64}, 'UTC') AS is_older
  FROM dead_letters_raw WHERE topic = {topic:String}
)
WHERE is_older OR kafka_offset < held
GROUP BY partition, is_older AND kafka_offset >= held AS is_earlier, intDiv(kafka_offset, ${BLOCK}) AS block
ORDER BY partition, is_earlier, block`;

/**
 * What the store accounts for of messages that the topic does not hold: below the first offset of their partition, or appended
 * before `sinceMs` (Unix ms), the time of the topic's first message.
 */
export async function readStoredRuns(
  clickhouse: ClickHouse,
  topic: string,
  { ranges, sinceMs }: { ranges: readonly PartitionRange[]; sinceMs: number },
): Promise<StoredRun[]> {
  type Row = { partition: number; is_earlier: number; first: string; last: string; stored: string };
  const rows = await clickhouse.query<Row>(SQL, {
    params: {
      topic,
      since: sinceMs,
      partitions: ranges.map(({ partition }) => partition),
      froms: ranges.map(({ from }) => from),
      // Of a partition that the topic does not have, all is gone.
      beyond: Number.MAX_SAFE_INTEGER,
    },
  });
  return joinBlocks(
    rows.map(({ partition, is_earlier, first, last, stored }) => ({
      partition,
      first: Number(first),
      last: Number(last),
      stored: Number(stored),
      isEarlierTopic: is_earlier === 1,
    })),
  );
}

/** Joins neighbours with less than {@link BLOCK} offsets between them. */
export function joinBlocks(blocks: readonly StoredRun[]): StoredRun[] {
  const runs: StoredRun[] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    const isSame = last?.partition === block.partition && last.isEarlierTopic === block.isEarlierTopic;
    if (last === undefined || !isSame || block.first - last.last > BLOCK) runs.push({ ...block });
    else {
      last.last = block.last;
      last.stored += block.stored;
    }
  }
  return runs;
}
