import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";
import type { StoredRun } from "./ranges.ts";

/** Offsets that are counted together; gaps at least this long are shown as ranges of their own. */
export const BLOCK = 1_000;

type Block = { partition: number; first: number; last: number; stored: number; isEarlierTopic: boolean };

const SQL = `
SELECT kafka_partition AS p, is_earlier, toString(min(kafka_offset)) AS first, toString(max(kafka_offset)) AS last,
  toString(uniqExact(kafka_offset)) AS stored
FROM
(
  SELECT kafka_partition, kafka_offset, kafka_append_time AS append_time FROM events_raw
  UNION ALL
  SELECT kafka_partition, kafka_offset, append_time FROM dead_letters_raw WHERE topic = {topic:String}
)
WHERE kafka_partition = {partition:UInt32}
  AND (append_time < fromUnixTimestamp64Milli({since:Int64}, 'UTC') OR kafka_offset < {from:UInt64})
GROUP BY kafka_partition, append_time < fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND kafka_offset >= {from:UInt64} AS is_earlier,
  intDiv(kafka_offset, ${BLOCK}) AS block
ORDER BY p, is_earlier, block`;

/**
 * What the store accounts for of messages that the topic does not hold: below the first offset of their partition, or appended
 * before `sinceMs` (Unix ms), the time of the topic's first message.
 */
export async function readStoredRuns(
  clickhouse: ClickHouse,
  topic: string,
  scope: { ranges: readonly PartitionRange[]; sinceMs: number },
): Promise<StoredRun[]> {
  const partitions = await clickhouse.query<{ p: number }>("SELECT DISTINCT kafka_partition AS p FROM events_raw");
  const all = new Set([...partitions.map(({ p }) => p), ...scope.ranges.map(({ partition }) => partition)]);
  const runs: StoredRun[] = [];
  for (const partition of all) {
    const range = scope.ranges.find((one) => one.partition === partition);
    const rows = await clickhouse.query<{ is_earlier: number; first: string; last: string; stored: string }>(SQL, {
      // Of a partition that the topic does not have, all is gone.
      params: { topic, partition, since: scope.sinceMs, from: range?.from ?? Number.MAX_SAFE_INTEGER },
    });
    const blocks = rows.map((row) => ({
      partition,
      first: Number(row.first),
      last: Number(row.last),
      stored: Number(row.stored),
      isEarlierTopic: row.is_earlier === 1,
    }));
    runs.push(...joinBlocks(blocks));
  }
  return runs;
}

/** Joins neighbours with less than {@link BLOCK} offsets between them. */
export function joinBlocks(blocks: readonly Block[]): StoredRun[] {
  const runs: StoredRun[] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    const joins = last?.isEarlierTopic === block.isEarlierTopic && block.first - last.last <= BLOCK;
    if (last === undefined || !joins) runs.push({ ...block });
    else {
      last.last = block.last;
      last.stored += block.stored;
    }
  }
  return runs;
}
