-- The keys that `ops conflicts resolve` has dropped. The topic still has their messages: the audit looks here why they are
-- not in the store, the comparison with the producers' ledgers takes them off, and after `ops rewind` has brought them
-- back, `ops conflicts resolve --recorded` drops the same keys again. Recorded before the rows are deleted, and only for
-- keys that were stored: a row the store has lost is no resolution.
CREATE TABLE IF NOT EXISTS conflict_resolutions
(
    event_id     UUID,
    event_minute DateTime('UTC'),
    source       LowCardinality(String),
    event_type   LowCardinality(String),
    -- The producer instance of the dropped copy, empty if its ledger does not count it.
    producer     LowCardinality(String),
    resolved_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(resolved_at)
ORDER BY (event_id, event_minute, source, event_type);
