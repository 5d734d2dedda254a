-- Exact counts per minute, source and type, recomputed from `events_raw FINAL` for the minutes that were touched.
--
-- Each recomputation of a minute rewrites all its groups, the vanished ones as zero, plus a head row (source = '',
-- event_type = '') that says what the recomputation was based on. All of it is one block and so one part: readers see
-- all of a recomputation or nothing of it.
--
-- Metrics by dimensions are rows of their own, told apart by grouping and dims and part of the same block. They carry zeros
-- and empty states in all columns of the counts (`events` to `login_sessions`), so whatever adds up these columns is right
-- without knowing of such rows.
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
    version        UInt64,
    grouping       LowCardinality(String) COMMENT 'Dimension set of the row; empty: the row of all events of source and type',
    dims           String COMMENT 'JSON array of the values of the dimensions; *: all beyond the bound on groups',
    n              UInt64 COMMENT 'Number of events of a dimension set; events is 0 there',
    data_version   UInt64 DEFAULT version COMMENT 'As version, but a recomputation for new definitions alone keeps it',
    definitions    String COMMENT 'Of the head row: hash of the definitions it was computed by',
    result_rows    UInt64 COMMENT 'Of the head row: number of rows the computation wrote'
)
ENGINE = ReplacingMergeTree(version)
PRIMARY KEY (source, event_type, event_minute)
ORDER BY (source, event_type, event_minute, grouping, dims);
