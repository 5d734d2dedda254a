-- Hours rolled up from exact minutes, by the same rules: an hour is dirty while the sum of its minutes' versions differs
-- from the one its head row recorded. Every recomputation of a minute raises that sum, so it also serves as the version,
-- and it is taken from the very rows that are added up: nothing can be recorded that was not read.
CREATE TABLE IF NOT EXISTS events_per_hour_store
(
    event_hour     DateTime('UTC'),
    source         LowCardinality(String),
    event_type     LowCardinality(String),
    events         UInt64,
    checksum       UInt64,
    size_bytes     UInt64,
    late_events    UInt64,
    amounts        Map(String, Decimal(38, 4)),
    users          AggregateFunction(uniqExact, String),
    login_sessions AggregateFunction(uniqExact, String),
    version        UInt64,
    -- When the hour was rolled up; 1970 for rows of before this column.
    computed_at    DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC'),
    -- As in events_per_minute_store.sql.
    grouping       LowCardinality(String) COMMENT 'Dimension set of the row; empty: the row of all events of source and type',
    dims           String COMMENT 'JSON array of the values of the dimensions; *: all beyond the bound on groups',
    n              UInt64 COMMENT 'Number of events of a dimension set; events is 0 there',
    data_version   UInt64 DEFAULT version COMMENT 'Sum of the data_version of its minutes',
    definitions    String COMMENT 'Of the head row: hash of the definitions that all its minutes were computed by'
)
ENGINE = ReplacingMergeTree(version)
PRIMARY KEY (source, event_type, event_hour)
ORDER BY (source, event_type, event_hour, grouping, dims);
