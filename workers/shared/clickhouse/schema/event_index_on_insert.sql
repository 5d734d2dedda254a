CREATE MATERIALIZED VIEW IF NOT EXISTS event_index_on_insert TO event_index
DEFINER = {owner} SQL SECURITY DEFINER AS
SELECT event_id, toStartOfMinute(event_time) AS event_minute, source, event_type
FROM events_raw;
