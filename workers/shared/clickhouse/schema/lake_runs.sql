-- One row for each run of `ops lake export` and `ops lake verify` that came to its end.
CREATE TABLE IF NOT EXISTS lake_runs
(
    lake        LowCardinality(String),
    command     LowCardinality(String),
    started_at  DateTime64(3, 'UTC'),
    finished_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
    -- Exit code: 0 nothing left to do, or equal.
    outcome     UInt8,
    -- Hours written (export), hours compared (verify).
    hours       UInt64,
    -- Hours left behind (export), files that differ (verify).
    remaining   UInt64
)
ENGINE = MergeTree
ORDER BY (lake, command, finished_at)
TTL toDateTime(finished_at) + INTERVAL 400 DAY DELETE;
