-- Exact counts per minute, source and type, recomputed from `events_raw FINAL` for the minutes that were touched.
--
-- Each recomputation of a minute rewrites all its groups, the vanished ones as zero, plus a head row (source = '',
-- event_type = '') that says what the recomputation was based on. All of it is one block and so one part: readers see
-- all of a recomputation or nothing of it.
--
-- Sorted by group first, so that the head rows lie together: finding dirty minutes reads the heads only.
-- No TTL: the aggregates outlive the raw events.
CREATE TABLE IF NOT EXISTS events_per_minute_store
(
    event_minute   DateTime('UTC'),
    source         LowCardinality(String),
    event_type     LowCardinality(String),
    events         UInt64,
    -- Sum of xxHash64(event_id as text) modulo 2^64: two sets of equal size and checksum are the same set.
    checksum       UInt64,
    size_bytes     UInt64,
    late_events    UInt64,
    -- Money per currency.
    amounts        Map(String, Decimal(38, 4)),
    users          AggregateFunction(uniqExact, String),
    -- Sessions with a login in this minute.
    login_sessions AggregateFunction(uniqExact, String),
    -- Rows marked when this was computed, and when the computation started.
    rows_marked    UInt64,
    computed_at    DateTime64(3, 'UTC'),
    -- One more than the minute's last: wall time could go backwards.
    version        UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (source, event_type, event_minute);
