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

-- replayed_at is NULL for letters that were not put back yet.
-- Example: SELECT error_class, count() FROM dead_letters GROUP BY error_class
CREATE VIEW IF NOT EXISTS dead_letters AS
SELECT letters.topic AS topic, letters.kafka_partition AS kafka_partition, letters.kafka_offset AS kafka_offset,
    letters.append_time AS append_time, letters.payload_hash AS payload_hash, error_class, reason, message_key, payload, headers,
    stored_at, replays.replayed_at AS replayed_at
FROM (SELECT * FROM dead_letters_raw FINAL) AS letters
LEFT JOIN
(
    SELECT topic, kafka_partition, kafka_offset, append_time, payload_hash, toNullable(max(replayed_at)) AS replayed_at
    FROM dead_letter_replays_raw
    GROUP BY topic, kafka_partition, kafka_offset, append_time, payload_hash
) AS replays USING (topic, kafka_partition, kafka_offset, append_time, payload_hash);
