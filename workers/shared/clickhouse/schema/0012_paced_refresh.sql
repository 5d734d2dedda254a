-- Recomputing a minute costs about 0.45 CPU-µs for each of its rows (2 cores, ClickHouse 26.7), whatever was new in it.
-- Recomputed every second, the two minutes that are busy at 5,000 events/s took 30 % of a core, and while a backlog of a
-- million events drained, its minutes took all that the inserts left. So a large minute now pauses after a computation,
-- in proportion to what it costs, and stays dirty meanwhile: later is the only thing that changes.
--
--  * pause = 2.5 µs * √rows * (sum of √rows over all dirty minutes). Then all recomputations together take
--    0.45 / 2.5 = 18 % of one core however many minutes are dirty, and small minutes wait shorter than large ones: one of
--    ten rows beside two of 300,000 waits 9 ms, those wait 1.5 s.
--  * At most 5 times what the minute would wait alone, so that thousands of old dirty minutes cannot hold up the present.
--  * A minute that was not touched for half of its pause is done at once, and then usually for good.
--  * One refresh takes at most 256 minutes and about a million rows from either end (and one minute, whatever its size):
--    its memory and time are bounded, not only the number of its minutes.
--  * One thread: 15 % less CPU for the same work, and never more than one core is taken from the inserts.
--
-- Everything else is as described in 0004_events_per_minute.sql, the order of the snapshots included.
DROP VIEW IF EXISTS events_per_minute_refresh;

CREATE MATERIALIZED VIEW IF NOT EXISTS events_per_minute_refresh
REFRESH EVERY 1 SECOND APPEND TO events_per_minute_store AS
WITH
    (
        SELECT groupArray((event_minute, marked, next_version, now64(3, 'UTC')))
        FROM
        (
            SELECT
                event_minute,
                marked,
                next_version,
                row_number() OVER oldest_first AS from_oldest,
                row_number() OVER newest_first AS from_newest,
                sum(marked) OVER oldest_first - marked AS rows_before,
                sum(marked) OVER newest_first - marked AS rows_after
            FROM
            (
                SELECT
                    event_minute,
                    marked,
                    version + 1 AS next_version,
                    least(sqrt(marked) * sum(sqrt(marked)) OVER (), 5.0 * marked) * 0.0025 AS pause_ms,
                    dateDiff('millisecond', computed, now64(3, 'UTC')) AS age_ms,
                    dateDiff('millisecond', touched, now64(3, 'UTC')) AS quiet_ms
                FROM
                (
                    SELECT event_minute, sum(rows_marked) AS marked, max(touched_at) AS touched
                    FROM minute_marks
                    WHERE event_minute >= (SELECT complete_since FROM raw_horizon)
                    GROUP BY event_minute
                ) AS marks
                LEFT JOIN
                (
                    SELECT event_minute, max(rows_marked) AS recorded, max(computed_at) AS computed, max(version) AS version
                    FROM events_per_minute_store
                    WHERE source = '' AND event_type = ''
                    GROUP BY event_minute
                ) AS heads USING (event_minute)
                WHERE marked != recorded OR touched > computed - INTERVAL 1 SECOND
            )
            -- A clock that is set back must not stop anything: an age below zero is due.
            WHERE age_ms < 0 OR age_ms >= pause_ms OR 2 * quiet_ms >= pause_ms
            WINDOW
                oldest_first AS (ORDER BY event_minute ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
                newest_first AS (ORDER BY event_minute DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        )
        WHERE (from_oldest <= 256 AND rows_before < 1000000) OR (from_newest <= 256 AND rows_after < 1000000)
    ) AS work
SELECT
    event_minute,
    source,
    event_type,
    sum(groups.events) AS events,
    sum(groups.checksum) AS checksum,
    sum(groups.size_bytes) AS size_bytes,
    sum(groups.late_events) AS late_events,
    sumMap(groups.amounts) AS amounts,
    uniqExactMergeState(groups.users) AS users,
    uniqExactMergeState(groups.login_sessions) AS login_sessions,
    any(plan.marked) AS rows_marked,
    any(plan.started_at) AS computed_at,
    any(plan.next_version) AS version
FROM
(
    SELECT entry.1 AS event_minute, entry.2 AS marked, entry.3 AS next_version, entry.4 AS started_at
    FROM (SELECT arrayJoin(work) AS entry)
) AS plan
INNER JOIN
(
    -- The head row. First branch: see above.
    SELECT
        arrayJoin(work).1 AS event_minute,
        '' AS source,
        '' AS event_type,
        0 AS events,
        0 AS checksum,
        0 AS size_bytes,
        0 AS late_events,
        CAST(map(), 'Map(String, Decimal(38, 4))') AS amounts,
        arrayReduce('uniqExactState', emptyArrayString()) AS users,
        arrayReduce('uniqExactState', emptyArrayString()) AS login_sessions

    UNION ALL

    SELECT
        toStartOfMinute(event_time) AS event_minute,
        source,
        event_type,
        count() AS events,
        sum(xxHash64(toString(event_id))) AS checksum,
        sum(toUInt64(size_bytes)) AS size_bytes,
        countIf(is_late) AS late_events,
        sumMapIf(map(toString(currency), toDecimal128(amount, 4)), currency != '') AS amounts,
        uniqExactState(user_id) AS users,
        uniqExactStateIf(session_id, event_type = 'login' AND session_id != '') AS login_sessions
    FROM events_raw FINAL
    WHERE toStartOfMinute(event_time) IN (SELECT arrayJoin(work).1)
    GROUP BY event_minute, source, event_type

    UNION ALL

    -- Groups known from earlier computations, the head among them: zero unless another branch has them.
    SELECT
        event_minute, source, event_type, 0, 0, 0, 0,
        CAST(map(), 'Map(String, Decimal(38, 4))'),
        arrayReduce('uniqExactState', emptyArrayString()),
        arrayReduce('uniqExactState', emptyArrayString())
    FROM events_per_minute_store
    WHERE event_minute IN (SELECT arrayJoin(work).1)
    GROUP BY event_minute, source, event_type
) AS groups USING (event_minute)
GROUP BY event_minute, source, event_type
SETTINGS do_not_merge_across_partitions_select_final = 1, max_insert_threads = 1, max_threads = 1;

-- When the hour was rolled up; 1970 for rows of before this column.
ALTER TABLE events_per_hour_store ADD COLUMN IF NOT EXISTS computed_at DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC');

-- Hours likewise: rolling up costs about 0.03 CPU-µs per event of the hour, so an hour of 18 million events, rolled up
-- every two seconds, took a quarter of a core. It pauses 0.3 µs per event now.
DROP VIEW IF EXISTS events_per_hour_refresh;

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
SETTINGS max_insert_threads = 1, max_threads = 1;
