CREATE TABLE IF NOT EXISTS ledger_instances
(
    instance   LowCardinality(String),
    state      LowCardinality(String),
    started_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    events     UInt64,
    unknown    UInt64,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY instance;
