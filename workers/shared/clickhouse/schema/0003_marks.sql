-- Which minutes were touched, and by how many rows. An insert-time view counts what an insert brings, duplicates and
-- redeliveries included: that would be wrong as a result, but it is exactly right as a mark. Marking twice only causes
-- one more recomputation.
--
-- touched_at is taken when the marked block is processed, after its rows became readable. The engine makes the rows of
-- the source table readable before it runs the views; a test pins that order.
CREATE TABLE IF NOT EXISTS minute_marks
(
    event_minute DateTime('UTC'),
    rows_marked  SimpleAggregateFunction(sum, UInt64),
    touched_at   SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY event_minute
-- Longer than the raw events: a mark that vanished before its minute left the retention would make it look dirty.
TTL event_minute + INTERVAL 97 DAY DELETE;

CREATE MATERIALIZED VIEW IF NOT EXISTS minute_marks_on_insert TO minute_marks AS
SELECT toStartOfMinute(event_time) AS event_minute, count() AS rows_marked, max(nowInBlock64(3, 'UTC')) AS touched_at
FROM events_raw
GROUP BY event_minute;

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

CREATE MATERIALIZED VIEW IF NOT EXISTS received_offsets_on_insert TO received_offsets AS
SELECT
    toStartOfMinute(event_time) AS event_minute,
    kafka_partition,
    toStartOfHour(kafka_append_time) AS append_hour,
    count() AS rows_received,
    groupBitmapState(kafka_offset) AS offsets
FROM events_raw
GROUP BY event_minute, kafka_partition, append_hour;

-- Every key under which an event_id was ever seen, kept beyond the raw events. One id with two rows is a conflict: the
-- same id under another minute, source or type is not a copy, and both would be counted.
CREATE TABLE IF NOT EXISTS event_index
(
    event_id     UUID CODEC(ZSTD(1)),
    event_minute DateTime('UTC') CODEC(ZSTD(1)),
    source       LowCardinality(String),
    event_type   LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (event_id, event_minute, source, event_type);

CREATE MATERIALIZED VIEW IF NOT EXISTS event_index_on_insert TO event_index AS
SELECT event_id, toStartOfMinute(event_time) AS event_minute, source, event_type
FROM events_raw;

-- Every key of every conflicted id. Empty is the healthy state.
CREATE VIEW IF NOT EXISTS conflicts AS
SELECT event_id, key.1 AS event_minute, key.2 AS source, key.3 AS event_type
FROM
(
    SELECT event_id, groupUniqArray((event_minute, source, event_type)) AS keys
    FROM event_index
    GROUP BY event_id
    HAVING length(keys) > 1
    -- Reads in key order: one id at a time instead of a hash table of all ids.
    SETTINGS optimize_aggregation_in_order = 1
)
ARRAY JOIN keys AS key;
