-- The keys that `ops conflicts resolve` has dropped. The topic still has their messages: the audit looks here why they are
-- not in the store, the comparison with the producers' ledgers takes them off, and after `ops rewind` has brought them
-- back, `ops conflicts resolve --recorded` drops the same keys again. Recorded before the rows are deleted, and only for
-- keys that were stored: a row the store has lost is no resolution.
CREATE TABLE IF NOT EXISTS conflict_resolutions
(
    event_id     UUID COMMENT 'The id that was in conflict',
    event_minute DateTime('UTC') COMMENT 'Minute, source and type under which it was dropped',
    source       LowCardinality(String) COMMENT 'As in events',
    event_type   LowCardinality(String) COMMENT 'As in events',
    producer     LowCardinality(String) COMMENT 'Producer instance of the dropped copy; empty: no ledger counts it',
    resolved_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When it was dropped; if it came back, the last time'
)
ENGINE = ReplacingMergeTree(resolved_at)
ORDER BY (event_id, event_minute, source, event_type);
