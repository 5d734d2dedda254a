-- Offsets under which there is no message that could become an event, so that nobody takes them for a loss. Written by the
-- consumer before it commits an offset behind them, and by `ops skip`. Both ends of a range are included.
--  transaction: markers, and messages of aborted transactions
--  compacted:   the log has no record there: a loss unless the message was stored before
--  skipped:     given up by an operator
-- append_time is of a message near them: topics get recreated, so an offset alone names nothing.
CREATE TABLE IF NOT EXISTS offsets_without_message
(
    topic           LowCardinality(String),
    kafka_partition UInt32,
    first_offset    UInt64,
    last_offset     UInt64,
    kind            LowCardinality(String),
    append_time     DateTime64(3, 'UTC'),
    found_at        DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
    CONSTRAINT known_kind CHECK kind IN ('transaction', 'compacted', 'skipped')
)
ENGINE = ReplacingMergeTree(found_at)
ORDER BY (topic, kafka_partition, first_offset, last_offset, kind);
