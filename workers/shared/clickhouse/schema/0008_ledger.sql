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

-- Example: SELECT event_minute, sum(events) FROM producer_ledger GROUP BY event_minute ORDER BY event_minute
CREATE VIEW IF NOT EXISTS producer_ledger AS
SELECT instance, event_minute, source, event_type, events, checksum, unknown FROM ledger_counts FINAL;

-- state: open while it runs (or was killed), closed after an orderly stop, audited when an audit proved a killed one.
CREATE VIEW IF NOT EXISTS producer_instances AS
SELECT instance, state, started_at, updated_at, events, unknown FROM ledger_instances FINAL;
