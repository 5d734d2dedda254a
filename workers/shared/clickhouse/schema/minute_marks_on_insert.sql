CREATE MATERIALIZED VIEW IF NOT EXISTS minute_marks_on_insert TO minute_marks
DEFINER = {owner} SQL SECURITY DEFINER AS
SELECT toStartOfMinute(event_time) AS event_minute, count() AS rows_marked, max(nowInBlock64(3, 'UTC')) AS touched_at
FROM events_raw
GROUP BY toStartOfMinute(event_time);
