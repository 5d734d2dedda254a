CREATE TABLE IF NOT EXISTS ledger_instances
(
    instance   LowCardinality(String),
    state      LowCardinality(String),
    started_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    events     UInt64,
    unknown    UInt64,
    version    UInt64,
    -- Of HTTP ingest and files, whose events and unknown count messages: the last acknowledged offset by partition, as JSON.
    -- Empty: a ledger that counts distinct events per minute, source and type.
    reached    String DEFAULT ''
)
ENGINE = ReplacingMergeTree(version)
ORDER BY instance;
