-- Example: SELECT event_hour, source, sum(events) FROM events_per_hour GROUP BY ALL ORDER BY event_hour
CREATE OR REPLACE VIEW events_per_hour
SQL SECURITY INVOKER AS
SELECT event_hour, source, event_type, events, checksum, size_bytes, late_events, amounts,
    finalizeAggregation(users) AS unique_users
FROM events_per_hour_store FINAL
WHERE source != '' AND events > 0;
