-- The exact set of Kafka offsets received, as bitmaps: a redelivered offset is already in the set, so rows received
-- minus offsets received = redeliveries, and offsets received minus events stored = duplicates.
-- The append hour keeps offsets of a topic that was deleted and created anew apart from the old ones.
CREATE TABLE IF NOT EXISTS received_offsets
(
    event_minute    DateTime('UTC'),
    kafka_partition UInt32,
    append_hour     DateTime('UTC'),
    rows_received   SimpleAggregateFunction(sum, UInt64),
    offsets         AggregateFunction(groupBitmap, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (event_minute, kafka_partition, append_hour)
TTL event_minute + INTERVAL 97 DAY DELETE;
