-- What the proofs found, one row a run, and the notifications that Alertmanager sent. Both are written a few times a
-- minute at most and read by the console.

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

-- The newest run of each kind. Example: SELECT kind, verdict, proven_until FROM verification_latest
CREATE VIEW IF NOT EXISTS verification_latest AS
SELECT kind, run_id, run_at, verdict, proven_until, hours_proven_until, duration_ms, checked_events, missing, surplus, conflicts
FROM verification_runs FINAL
ORDER BY run_at DESC, run_id DESC
LIMIT 1 BY kind;

-- Every notification of every alert, as it arrived. Alertmanager repeats what goes on firing, and sends again what was
-- not acknowledged: several rows of one alert are normal.
CREATE TABLE IF NOT EXISTS received_alerts
(
    received_at   DateTime64(3, 'UTC'),
    fingerprint   String,
    status        LowCardinality(String),
    alert_name    LowCardinality(String),
    severity      LowCardinality(String),
    starts_at     DateTime64(3, 'UTC'),
    -- NULL while it fires.
    ends_at       Nullable(DateTime64(3, 'UTC')),
    labels        Map(String, String),
    annotations   Map(String, String),
    generator_url String,
    receiver      LowCardinality(String),
    group_key     String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (received_at, fingerprint)
TTL toDateTime(received_at) + INTERVAL 90 DAY DELETE;

-- One row an alert (its fingerprint and start), as its newest notification has it.
-- Example: SELECT alert_name, severity, starts_at FROM alerts WHERE status = 'firing'
CREATE VIEW IF NOT EXISTS alerts AS
SELECT
    fingerprint,
    starts_at,
    argMax(status, received_at) AS status,
    argMax(alert_name, received_at) AS alert_name,
    argMax(severity, received_at) AS severity,
    argMax(tuple(ends_at), received_at).1 AS ends_at,
    argMax(labels, received_at) AS labels,
    argMax(annotations, received_at) AS annotations,
    argMax(generator_url, received_at) AS generator_url,
    argMax(receiver, received_at) AS receiver,
    min(received_at) AS first_received_at,
    max(received_at) AS last_received_at,
    count() AS notifications
FROM received_alerts
GROUP BY fingerprint, starts_at;
