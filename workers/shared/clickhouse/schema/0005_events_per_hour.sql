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
    version        UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (source, event_type, event_hour);

-- Minutes change only inside the raw retention, so older hours need not be looked at.
CREATE MATERIALIZED VIEW IF NOT EXISTS events_per_hour_refresh
REFRESH EVERY 2 SECOND APPEND TO events_per_hour_store AS
WITH
    (
        SELECT groupArray(event_hour)
        FROM
        (
            SELECT
                event_hour,
                row_number() OVER (ORDER BY event_hour ASC) AS from_oldest,
                row_number() OVER (ORDER BY event_hour DESC) AS from_newest
            FROM
            (
                SELECT toStartOfHour(event_minute) AS event_hour, sum(version) AS minutes_version
                FROM
                (
                    SELECT event_minute, max(version) AS version
                    FROM events_per_minute_store
                    WHERE source = '' AND event_type = '' AND event_minute >= (
                        SELECT complete_since - INTERVAL 1 DAY FROM raw_horizon
                    )
                    GROUP BY event_minute
                )
                GROUP BY event_hour
            ) AS minutes
            LEFT JOIN
            (
                SELECT event_hour, max(version) AS recorded
                FROM events_per_hour_store
                WHERE source = '' AND event_type = ''
                GROUP BY event_hour
            ) AS heads USING (event_hour)
            WHERE minutes_version != recorded
        )
        WHERE from_oldest <= 24 OR from_newest <= 24
    ) AS work
SELECT
    toStartOfHour(minutes.event_minute) AS event_hour,
    source,
    event_type,
    sum(minutes.events) AS events,
    sum(minutes.checksum) AS checksum,
    sum(minutes.size_bytes) AS size_bytes,
    sum(minutes.late_events) AS late_events,
    sumMap(minutes.amounts) AS amounts,
    uniqExactMergeState(minutes.users) AS users,
    uniqExactMergeState(minutes.login_sessions) AS login_sessions,
    sum(minutes.version) AS version
FROM events_per_minute_store AS minutes FINAL
WHERE toStartOfHour(minutes.event_minute) IN (SELECT arrayJoin(work))
GROUP BY event_hour, source, event_type
SETTINGS max_insert_threads = 1;

-- Example: SELECT event_hour, source, sum(events) FROM events_per_hour GROUP BY ALL ORDER BY event_hour
CREATE VIEW IF NOT EXISTS events_per_hour AS
SELECT event_hour, source, event_type, events, checksum, size_bytes, late_events, amounts,
    finalizeAggregation(users) AS unique_users
FROM events_per_hour_store FINAL
WHERE source != '' AND events > 0;
