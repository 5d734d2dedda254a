-- Exact counts per minute, source and type, recomputed from `events_raw FINAL` for the minutes that were touched.
--
-- Each recomputation of a minute rewrites all its groups, the vanished ones as zero, plus a head row (source = '',
-- event_type = '') that says what the recomputation was based on. All of it is one block and so one part: readers see
-- all of a recomputation or nothing of it.
--
-- Sorted by group first, so that the head rows lie together: finding dirty minutes reads the heads only.
-- No TTL: the aggregates outlive the raw events.
CREATE TABLE IF NOT EXISTS events_per_minute_store
(
    event_minute   DateTime('UTC'),
    source         LowCardinality(String),
    event_type     LowCardinality(String),
    events         UInt64,
    -- Sum of xxHash64(event_id as text) modulo 2^64: two sets of equal size and checksum are the same set.
    checksum       UInt64,
    size_bytes     UInt64,
    late_events    UInt64,
    -- Money per currency.
    amounts        Map(String, Decimal(38, 4)),
    users          AggregateFunction(uniqExact, String),
    -- Sessions with a login in this minute.
    login_sessions AggregateFunction(uniqExact, String),
    -- Rows marked when this was computed, and when the computation started.
    rows_marked    UInt64,
    computed_at    DateTime64(3, 'UTC'),
    -- One more than the minute's last: wall time could go backwards.
    version        UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (source, event_type, event_minute);

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
                version + 1 AS next_version,
                row_number() OVER (ORDER BY event_minute ASC) AS from_oldest,
                row_number() OVER (ORDER BY event_minute DESC) AS from_newest
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
        WHERE from_oldest <= 256 OR from_newest <= 256
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
SETTINGS do_not_merge_across_partitions_select_final = 1, max_insert_threads = 1;

-- Example: SELECT event_minute, sum(events) FROM events_per_minute WHERE source = 'lottery' GROUP BY event_minute ORDER BY event_minute
CREATE VIEW IF NOT EXISTS events_per_minute AS
SELECT event_minute, source, event_type, events, checksum, size_bytes, late_events, amounts,
    finalizeAggregation(users) AS unique_users
FROM events_per_minute_store FINAL
WHERE source != '' AND events > 0;
