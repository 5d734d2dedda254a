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
