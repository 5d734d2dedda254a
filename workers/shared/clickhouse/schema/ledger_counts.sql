-- What each producer instance saw acknowledged, copied from the compacted ledger topic. Records are cumulative and the
-- offset in that topic is the version: copying one twice or late changes nothing.
CREATE TABLE IF NOT EXISTS ledger_counts
(
    instance     LowCardinality(String),
    event_minute DateTime('UTC'),
    source       LowCardinality(String),
    event_type   LowCardinality(String),
    events       UInt64,
    checksum     UInt64,
    unknown      UInt64,
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (instance, event_minute, source, event_type);
