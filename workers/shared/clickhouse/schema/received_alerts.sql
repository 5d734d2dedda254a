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
