-- Written by `ops verify --watch`.
-- A run that is sent twice is one run: the sorting key identifies it.
CREATE TABLE IF NOT EXISTS verification_runs
(
    run_id             UUID COMMENT 'Identifies the run',
    run_at             DateTime64(3, 'UTC') COMMENT
        'When the ends of the topic were taken: what was appended later is not part of the run',
    kind               LowCardinality(String) COMMENT
        'verify: ledgers, events and views compared. audit: the topic compared with the store, event by event',
    verdict            LowCardinality(String) COMMENT 'exact, different or not_proven',
    proven_until       Nullable(DateTime64(3, 'UTC')) COMMENT
        'Events appended before run_at that happened before this are proven; run_at after an exact audit. NULL: nothing is',
    hours_proven_until Nullable(DateTime64(3, 'UTC')) COMMENT 'The same for events_per_hour; NULL: nothing is proven, or an audit',
    duration_ms        UInt64 COMMENT 'How long the run took, ms',
    checked_events     UInt64 COMMENT 'Events compared: of the store (verify), of the topic (audit)',
    missing            UInt64 COMMENT 'Events found missing, by the comparison that misses most',
    surplus            UInt64 COMMENT 'Events found too many, by the comparison that finds most',
    conflicts          UInt64 COMMENT 'event_ids in conflict (verify), differences of that kind (audit)',
    details            String COMMENT 'The report as --json prints it, with the missing ids' CODEC(ZSTD(3)),
    CONSTRAINT known_kind CHECK kind IN ('verify', 'audit'),
    CONSTRAINT known_verdict CHECK verdict IN ('exact', 'different', 'not_proven')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(run_at)
ORDER BY (run_at, run_id)
TTL toDateTime(run_at) + INTERVAL 90 DAY DELETE;
