-- Rolls up the hours that are dirty. Minutes change only inside the raw retention, so older hours need not be looked at.
--
-- Rolling up costs about 0.03 CPU-µs per event of the hour: an hour of 18 million events, rolled up every two seconds,
-- would take a quarter of a core. So it pauses 0.3 µs per event, as minutes do (events_per_minute_refresh.sql).
CREATE OR REPLACE MATERIALIZED VIEW events_per_hour_refresh
REFRESH EVERY 2 SECOND APPEND TO events_per_hour_store
DEFINER = {owner} SQL SECURITY DEFINER AS
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
                SELECT
                    event_hour,
                    least(sum(marked) OVER (), 5 * marked) * 0.0003 AS pause_ms,
                    dateDiff('millisecond', rolled_up, now64(3, 'UTC')) AS age_ms,
                    dateDiff('millisecond', minutes_computed, now64(3, 'UTC')) AS quiet_ms
                FROM
                (
                    SELECT
                        toStartOfHour(event_minute) AS event_hour,
                        sum(version) AS minutes_version,
                        sum(marked) AS marked,
                        max(computed) AS minutes_computed
                    FROM
                    (
                        SELECT event_minute, max(version) AS version, max(rows_marked) AS marked, max(computed_at) AS computed
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
                    SELECT event_hour, max(version) AS recorded, max(computed_at) AS rolled_up
                    FROM events_per_hour_store
                    WHERE source = '' AND event_type = ''
                    GROUP BY event_hour
                ) AS heads USING (event_hour)
                WHERE minutes_version != recorded
            )
            WHERE age_ms < 0 OR age_ms >= pause_ms OR 2 * quiet_ms >= pause_ms
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
    sum(minutes.version) AS version,
    now64(3, 'UTC') AS computed_at
FROM events_per_minute_store AS minutes FINAL
WHERE toStartOfHour(minutes.event_minute) IN (SELECT arrayJoin(work))
GROUP BY event_hour, source, event_type
SETTINGS max_insert_threads = 1, max_threads = 1,
    -- As in events_per_minute_refresh.sql.
    join_use_nulls = 0, prefer_column_name_to_alias = 0, final = 0, aggregate_functions_null_for_empty = 0,
    limit = 0, offset = 0, additional_result_filter = '';
