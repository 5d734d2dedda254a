-- Hours the store knows more about than any file that was recorded, per lake, with the time of their last change.
-- For alerts: what waits for long means that the export is late. Hours past the raw retention cannot be written any more
-- and are left out. Example: SELECT lake, count(), now() - min(touched_at) FROM lake_pending GROUP BY lake
CREATE OR REPLACE VIEW lake_pending
SQL SECURITY INVOKER AS
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
WHERE files.exported < hours.version
-- An hour that no file has counts as version zero, whatever the reader's profile says.
SETTINGS join_use_nulls = 0;

ALTER TABLE lake_pending
    COMMENT COLUMN lake 'Address of the lake, as s3://bucket/prefix',
    COMMENT COLUMN event_hour 'Start of the hour of event_time',
    COMMENT COLUMN touched_at 'When rows of the hour were stored last; 1970: not known any more',
    COMMENT COLUMN exported_version 'Version of the hour that its newest file was written from; 0: there is no file';
