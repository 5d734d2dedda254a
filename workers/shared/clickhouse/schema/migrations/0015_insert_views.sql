-- Grouped by expressions instead of the aliases: under `prefer_column_name_to_alias = 1`, which an inserter's profile may
-- set, an alias means the column of the same name, and the insert fails (code 215).
ALTER TABLE minute_marks_on_insert MODIFY QUERY
SELECT toStartOfMinute(event_time) AS event_minute, count() AS rows_marked, max(nowInBlock64(3, 'UTC')) AS touched_at
FROM events_raw
GROUP BY toStartOfMinute(event_time);

ALTER TABLE received_offsets_on_insert MODIFY QUERY
SELECT
    toStartOfMinute(event_time) AS event_minute,
    kafka_partition,
    toStartOfHour(kafka_append_time) AS append_hour,
    count() AS rows_received,
    groupBitmapState(kafka_offset) AS offsets
FROM events_raw
GROUP BY toStartOfMinute(event_time), kafka_partition, toStartOfHour(kafka_append_time);
