-- Which dead letters were put back, so that nobody replays one unawares.
CREATE TABLE IF NOT EXISTS dead_letter_replays_raw
(
    topic           LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset    UInt64,
    append_time     DateTime64(3, 'UTC'),
    payload_hash    UInt64,
    replayed_at     DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(replayed_at)
ORDER BY (topic, kafka_partition, kafka_offset, append_time, payload_hash);
