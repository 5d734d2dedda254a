-- Offsets under which there is no message that could become an event, so that nobody takes them for a loss. Written by the
-- consumer before it commits an offset behind them, and by `ops skip`. Topics get recreated, so an offset alone names
-- nothing: append_time tells them apart.
CREATE TABLE IF NOT EXISTS offsets_without_message
(
    topic           LowCardinality(String) COMMENT 'Topic the offsets are of',
    kafka_partition UInt32 COMMENT 'Its partition',
    first_offset    UInt64 COMMENT 'First offset of the range',
    last_offset     UInt64 COMMENT 'Last offset of the range, which is part of it',
    kind            LowCardinality(String) COMMENT
        'transaction: markers, aborted messages. compacted: no record in the log, a loss unless stored before. skipped: by ops skip',
    append_time     DateTime64(3, 'UTC') COMMENT 'When Kafka appended a message near them',
    found_at        DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When they were recorded; if more than once, the last time',
    CONSTRAINT known_kind CHECK kind IN ('transaction', 'compacted', 'skipped')
)
ENGINE = ReplacingMergeTree(found_at)
ORDER BY (topic, kafka_partition, first_offset, last_offset, kind);
