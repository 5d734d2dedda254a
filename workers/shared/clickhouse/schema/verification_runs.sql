-- Written by `ops verify --watch`; `details` is the report's machine form (what `--json` prints), with the missing ids.
-- A run that is sent twice is one run: the sorting key identifies it.
CREATE TABLE IF NOT EXISTS verification_runs
(
    run_id             UUID,
    run_at             DateTime64(3, 'UTC'),
    -- verify: ledger, events and views compared. audit: the topic compared with the store, event by event.
    kind               LowCardinality(String),
    -- exact, different or not_proven.
    verdict            LowCardinality(String),
    -- Everything before is proven; NULL: nothing is.
    proven_until       Nullable(DateTime64(3, 'UTC')),
    hours_proven_until Nullable(DateTime64(3, 'UTC')),
    duration_ms        UInt64,
    checked_events     UInt64,
    missing            UInt64,
    surplus            UInt64,
    conflicts          UInt64,
    details            String CODEC(ZSTD(3)),
    CONSTRAINT known_kind CHECK kind IN ('verify', 'audit'),
    CONSTRAINT known_verdict CHECK verdict IN ('exact', 'different', 'not_proven')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(run_at)
ORDER BY (run_at, run_id)
TTL toDateTime(run_at) + INTERVAL 90 DAY DELETE;
