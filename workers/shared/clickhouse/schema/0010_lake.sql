-- Bookkeeping of `ops lake`: what was read out of which Parquet file.
--
-- A row is a fact about content, not a claim about the lake: "the object with this etag, at the place of this hour and
-- source, says that it was written from export_version, and holds these events". It is written after the object was read
-- back. Whether it still lies there is asked of the bucket every time (a listing returns etags), so two exporters, a
-- late upload of a dead one or a lost record cannot make the lake look newer than it is.
--
-- export_version is the version of the hour in events_per_hour_store that was read before the rows were. A row that
-- was not exported raises that version later, so an hour is clean exactly when the two are equal.
CREATE TABLE IF NOT EXISTS lake_files
(
    lake           LowCardinality(String),
    event_hour     DateTime('UTC'),
    source         LowCardinality(String),
    etag           String,
    export_version UInt64,
    events         UInt64,
    -- As in events_per_hour: sum of xxHash64(event_id as text) modulo 2^64.
    checksum       UInt64,
    -- The same over all columns.
    content        UInt64,
    size_bytes     UInt64,
    recorded_at    DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (lake, event_hour, source, etag);

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

-- Hours the store knows more about than any file that was recorded, per lake, with the time of their last change.
-- For alerts: what waits for long means that the export is late. Hours past the raw retention cannot be written any more
-- and are left out. Example: SELECT lake, count(), now() - min(touched_at) FROM lake_pending GROUP BY lake
CREATE VIEW IF NOT EXISTS lake_pending AS
SELECT lakes.lake AS lake, hours.event_hour AS event_hour, hours.touched_at AS touched_at, files.exported AS exported_version
FROM (SELECT DISTINCT lake FROM lake_runs) AS lakes
CROSS JOIN
(
    SELECT event_hour, version, touched_at
    FROM
    (
        SELECT event_hour, max(version) AS version
        FROM events_per_hour_store
        WHERE source = '' AND event_type = '' AND event_hour >= (SELECT complete_since FROM raw_horizon)
        GROUP BY event_hour
    ) AS heads
    INNER JOIN
    (
        SELECT event_hour FROM events_per_hour_store FINAL WHERE source != '' GROUP BY event_hour HAVING sum(events) > 0
    ) AS filled USING (event_hour)
    LEFT JOIN
    (
        SELECT toStartOfHour(event_minute) AS event_hour, max(touched_at) AS touched_at FROM minute_marks GROUP BY event_hour
    ) AS marks USING (event_hour)
) AS hours
LEFT JOIN
(
    SELECT lake, event_hour, max(export_version) AS exported FROM lake_files GROUP BY lake, event_hour
) AS files ON files.lake = lakes.lake AND files.event_hour = hours.event_hour
WHERE files.exported < hours.version;
