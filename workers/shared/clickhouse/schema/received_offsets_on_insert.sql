CREATE MATERIALIZED VIEW IF NOT EXISTS received_offsets_on_insert TO received_offsets
DEFINER = {owner} SQL SECURITY DEFINER AS
SELECT
    toStartOfMinute(event_time) AS event_minute,
    kafka_partition,
    toStartOfHour(kafka_append_time) AS append_hour,
    count() AS rows_received,
    groupBitmapState(kafka_offset) AS offsets
FROM events_raw
GROUP BY toStartOfMinute(event_time), kafka_partition, toStartOfHour(kafka_append_time);
