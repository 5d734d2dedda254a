-- Recomputes the minutes that are dirty.
--
-- A minute is dirty
--  * while the rows marked differ from the number its head recorded, or
--  * while it was touched after the recorded computation started (less 1 s for a clock that is set back).
-- Two things keep a computation from recording a mark whose row it did not read. First, `work` is evaluated before the
-- snapshot of events_raw is taken: the analyzer resolves the left side of a join and the first branch of a union first,
-- and both refer to `work` (a test pins that order; with the sides swapped the rows are missed). Second, if the order
-- ever changed, the time of the touch would keep the minute dirty.
--
-- At most 256 minutes from either end, oldest and newest, so that neither a backfill starves the present nor the
-- present a backfill, and the result stays one block. Days that are partly past the retention are left alone
-- (raw_horizon).
--
-- Recomputing a minute costs about 0.45 CPU-µs for each of its rows when the engine is at rest, and 1.1 to 1.4 while a
-- backlog drains (2 cores, ClickHouse 26.7), whatever was new in it. So a minute that is still filling pauses after a
-- computation and stays dirty meanwhile: it is shown later, nothing else changes.
--
--  * By cost: 2.5 µs * √rows * (sum of √rows over all dirty minutes). Then all recomputations together take
--    0.45 / 2.5 = 18 % of one core however many minutes are dirty, and small minutes wait shorter than large ones: one of
--    ten rows beside two of 300,000 waits 9 ms, those wait 1.5 s. At most 5 times what the minute would wait alone, so
--    that thousands of old dirty minutes cannot hold up the present.
--  * By how fast rows arrive, for the past only (any minute before the last one): a minute of a backlog will be complete
--    in seconds, and to compute it until then is of no use to anybody. The pause is 50 ms and that by cost, times the
--    square of the rows that arrive for the past, in 2,500 a second; 30 s at most. So at 100,000 rows/s a minute is computed
--    once, when it is complete, instead of 3 to 6 times. The present minute and the one before it are always as fresh as
--    by cost alone, and however much arrives for them, single events of the past are shown at once.
--  * A minute that was not touched for 1,050 ms is complete for now and done at once: this computation is the last one.
--    While rows arrive fast it has to be 4 s, since large inserts are seconds apart. One that shows everything already, but was touched less than 1 s before it was computed, is not done
--    again until then.
--  * The age of a minute that was never computed is not known. One that is to pause gets a head of no rows: it says when
--    the minute was first looked at, and since it differs from the marks, the minute stays dirty.
--  * One refresh takes at most 256 minutes and about a million rows from either end (and one minute, whatever its size):
--    its memory and time are bounded, not only the number of its minutes.
--  * One thread: 15 % less CPU for the same work, and never more than one core is taken from the inserts.
CREATE OR REPLACE MATERIALIZED VIEW events_per_minute_refresh
REFRESH EVERY 1 SECOND APPEND TO events_per_minute_store
DEFINER = {owner} SQL SECURITY DEFINER AS
WITH
    (
        SELECT groupArray((event_minute, if(is_due, marked, 0), next_version, now64(3, 'UTC')))
        FROM
        (
            SELECT
                event_minute,
                marked,
                next_version,
                is_due,
                row_number() OVER oldest_first AS from_oldest,
                row_number() OVER newest_first AS from_newest,
                sum(is_due * marked) OVER oldest_first - is_due * marked AS rows_before,
                sum(is_due * marked) OVER newest_first - is_due * marked AS rows_after
            FROM
            (
                SELECT
                    event_minute,
                    marked,
                    next_version,
                    multiIf(
                        marked = recorded, quiet_ms >= 1050,
                        -- A clock that is set back must not stop anything: an age below zero is due.
                        age_ms < 0 OR age_ms >= pause_ms OR quiet_ms >= complete_ms
                    ) AS is_due
                FROM
                (
                    SELECT
                        event_minute,
                        marked,
                        recorded,
                        next_version,
                        age_ms,
                        quiet_ms,
                        least(sqrt(marked) * sum(sqrt(marked)) OVER (), 5.0 * marked) * 0.0025 AS cost_pause_ms,
                        event_minute < toStartOfMinute(now('UTC')) - INTERVAL 1 MINUTE AS is_past,
                        pow(sum(is_past * arrived / greatest(age_ms, 1000)) OVER () / 2.5, 2) AS filling,
                        if(
                            NOT is_past,
                            cost_pause_ms,
                            greatest(cost_pause_ms, least((50 + cost_pause_ms) * filling, 30000))
                        ) AS pause_ms,
                        1050 + least(pause_ms - cost_pause_ms, 30000) / 10 AS complete_ms
                    FROM
                    (
                        SELECT
                            event_minute,
                            marked,
                            recorded,
                            version + 1 AS next_version,
                            greatest(toInt64(marked) - toInt64(recorded), 0) AS arrived,
                            if(version = 0, 1000, dateDiff('millisecond', computed, now64(3, 'UTC'))) AS age_ms,
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
                )
            )
            WHERE is_due OR next_version = 1
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
    WHERE toStartOfMinute(event_time) IN (SELECT arrayJoin(arrayFilter(entry -> entry.2 > 0, work)).1)
    GROUP BY toStartOfMinute(event_time), source, event_type

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
SETTINGS do_not_merge_across_partitions_select_final = 1, max_insert_threads = 1, max_threads = 1,
    -- A profile that sets these otherwise must change nothing: a minute without a head counts as zero, names mean the
    -- computed columns, only what says FINAL is merged, states keep their type, and the result is not cut.
    join_use_nulls = 0, prefer_column_name_to_alias = 0, final = 0, aggregate_functions_null_for_empty = 0,
    limit = 0, offset = 0, additional_result_filter = '';
