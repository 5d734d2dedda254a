import type { ClickHouse } from "../../workers/shared/clickhouse/client.ts";

/** Rows made inside the engine. */
export type Fill = {
  /** Numbers of the rows: they make event ids and offsets, so ranges that do not meet make different events. */
  first: number;
  rows: number;
  /** The rows lie evenly in this time, Unix ms. */
  fromMs: number;
  toMs: number;
  /** A partition of its own for every fill of one range of offsets. */
  partition: number;
};

/** Rows of one statement: one block, one part, within a few hundred MB. */
const CHUNK = 500_000;

/**
 * Inserts events made from numbers, through all insert-time views: 4 sources, 16 types, 20,000 users, a payload of about
 * 60 bytes. Statements of `chunk` rows, each within one day.
 */
export async function fill(clickhouse: ClickHouse, options: Fill, chunk = CHUNK): Promise<void> {
  const { first, rows, fromMs, toMs, partition } = options;
  for (let at = 0; at < rows; at += chunk) {
    await clickhouse.command(FILL, {
      params: {
        first: first + at,
        rows: Math.min(chunk, rows - at),
        base: first,
        from: fromMs,
        step: (toMs - fromMs) / rows,
        partition,
      },
      settings: { async_insert: 0, max_partitions_per_insert_block: 1000, optimize_on_insert: 0 },
    });
  }
}

const FILL = `
INSERT INTO events_raw (event_id, event_time, received_time, source, event_type, user_id, session_id, amount, currency,
  payload, size_bytes, latency_ms, ingest_delay_ms, is_late, producer, kafka_partition, kafka_offset, kafka_append_time)
SELECT
  reinterpretAsUUID(concat(reinterpretAsString(sipHash64(number)), reinterpretAsString(number))) AS event_id,
  fromUnixTimestamp64Milli({from:Int64} + toInt64((number - {base:UInt64}) * {step:Float64}), 'UTC') AS event_time,
  event_time + INTERVAL 40 MILLISECOND AS received_time,
  ['lottery', 'web', 'mobile', 'sensor'][number % 4 + 1] AS source,
  if(source = 'lottery',
    ['login', 'view_numbers', 'ticket_purchased', 'claim_reward'][intDiv(number, 4) % 4 + 1],
    concat('type_', toString(intDiv(number, 4) % 4))) AS event_type,
  concat('user-', toString(sipHash64(number, 1) % 20000)) AS user_id,
  toString(sipHash64(number, 2)) AS session_id,
  if(event_type = 'ticket_purchased', toDecimal64(number % 50, 4), toDecimal64(0, 4)) AS amount,
  if(event_type = 'ticket_purchased', 'EUR', '') AS currency,
  concat('{"page":"/p/', toString(number % 1000), '","ref":"', hex(sipHash64(number, 3)), '"}') AS payload,
  318, 60, 40, number % 10 = 0, 'bench', {partition:UInt32}, number, event_time + INTERVAL 50 MILLISECOND
FROM numbers({first:UInt64}, {rows:UInt64})`;

/** True when every minute and hour is computed from every row. */
export async function isComputed(clickhouse: ClickHouse): Promise<boolean> {
  const [found] = await clickhouse.query<{ same: number }>(
    `SELECT (SELECT sum(rows_marked) FROM minute_marks) = sum(recorded) AND sum(events) = sum(hours) AS same FROM
     (SELECT sum(rows_marked) AS recorded, 0 AS events, 0 AS hours FROM events_per_minute_store FINAL WHERE source = ''
      UNION ALL SELECT 0, sum(events), 0 FROM events_per_minute
      UNION ALL SELECT 0, 0, sum(events) FROM events_per_hour)`,
  );
  return found?.same === 1;
}
