-- Messages that were refused, with their original bytes. Identified by where they lay and what they held: topics get
-- recreated, so an offset alone names nothing. Written again by a redelivery, seen once.
CREATE TABLE IF NOT EXISTS dead_letters_raw
(
    topic           LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset    UInt64,
    append_time     DateTime64(3, 'UTC'),
    payload_hash    UInt64,
    error_class     LowCardinality(String),
    reason          String CODEC(ZSTD(1)),
    message_key     String CODEC(ZSTD(1)),
    payload         String CODEC(ZSTD(3)),
    headers         String CODEC(ZSTD(1)),
    stored_at       DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(stored_at)
ORDER BY (topic, kafka_partition, kafka_offset, append_time, payload_hash);
