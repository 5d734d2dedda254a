-- One row an event: the name to use for analytics. FINAL is inside, so that a naive count() is right.
-- Example: SELECT event_type, count() FROM events WHERE event_time > now() - INTERVAL 1 HOUR GROUP BY event_type
CREATE OR REPLACE VIEW events
SQL SECURITY INVOKER AS
SELECT
    event_id, event_time, toStartOfMinute(event_time) AS event_minute, received_time, source, event_type, user_id, session_id,
    amount, currency, payload, extra, size_bytes, latency_ms, ingest_delay_ms, is_late, producer,
    kafka_partition, kafka_offset, kafka_append_time
FROM events_raw FINAL
-- Copies of one event never lie in two partitions (same key, same day), so FINAL may work on each day by itself.
SETTINGS do_not_merge_across_partitions_select_final = 1;
