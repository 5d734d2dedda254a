-- Every copy of every event that was received, until merges drop the later copies. Read it through the view `events`.
--
-- Sorting key = identity of an event: copies with the same (event minute, source, event type, id) are one event, so
-- FINAL and merges can see every copy side by side. That holds only because key and partition come from the producer's
-- event time: with arrival time in either, a copy delivered after midnight would never meet its original.
--
-- version inverts (append time, partition, offset): ReplacingMergeTree keeps the highest, so the copy that was appended
-- to Kafka first survives whatever the order of a replay. 128 bits: 48 for milliseconds, 32 partition, 48 offset.
--
-- The event minute leads the sorting key: recomputing a touched minute reads that minute only, and a filter on
-- event_time prunes as well because toStartOfMinute is monotonic.
--
-- The partition key is a column of its own. Partitioned by toDate(event_time), the engine keeps a min-max index on
-- event_time and prunes by it, and for `event_time < toDateTime('… 00:00:00')` it looks for values up to 23:59:59
-- (engine 26.7: an open bound of a DateTime becomes a closed one a second lower), which loses parts that hold only
-- 23:59:59.500. A test pins that sub-second events on either side of a bound are found.
CREATE TABLE IF NOT EXISTS events_raw
(
    event_id          UUID CODEC(ZSTD(1)),
    event_time        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_time     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    source            LowCardinality(String),
    event_type        LowCardinality(String),
    user_id           String CODEC(ZSTD(1)),
    session_id        String CODEC(ZSTD(1)),
    amount            Decimal(18, 4) CODEC(ZSTD(1)),
    currency          LowCardinality(String),
    payload           String CODEC(ZSTD(1)),
    extra             String CODEC(ZSTD(1)),
    size_bytes        UInt32 CODEC(T64, ZSTD(1)),
    latency_ms        Int64 CODEC(T64, ZSTD(1)),
    ingest_delay_ms   Int64 CODEC(T64, ZSTD(1)),
    is_late           Bool,
    producer          LowCardinality(String),
    kafka_partition   UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset      UInt64 CODEC(Delta, ZSTD(1)),
    kafka_append_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_date        Date MATERIALIZED toDate(event_time),
    event_minute      DateTime('UTC') ALIAS toStartOfMinute(event_time),
    version           UInt128 MATERIALIZED bitNot(
        bitOr(
            bitShiftLeft(toUInt128(toUnixTimestamp64Milli(kafka_append_time)), 80),
            bitOr(bitShiftLeft(toUInt128(kafka_partition), 48), toUInt128(kafka_offset))
        )
    ) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY event_date
ORDER BY (toStartOfMinute(event_time), source, event_type, event_id)
-- Whole days are dropped at once, never single rows. `ops migrate` sets the interval to raw_retention_days.
TTL event_date + INTERVAL 90 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;
