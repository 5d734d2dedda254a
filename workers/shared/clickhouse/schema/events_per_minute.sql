-- Example: SELECT event_minute, sum(events) FROM events_per_minute WHERE source = 'lottery' GROUP BY event_minute ORDER BY event_minute
CREATE OR REPLACE VIEW events_per_minute
SQL SECURITY INVOKER AS
SELECT event_minute, source, event_type, events, checksum, size_bytes, late_events, amounts,
    finalizeAggregation(users) AS unique_users
FROM events_per_minute_store FINAL
WHERE source != '' AND events > 0;
