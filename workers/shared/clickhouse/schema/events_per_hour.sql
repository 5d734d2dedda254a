-- Example: SELECT event_hour, source, sum(events) FROM events_per_hour GROUP BY ALL ORDER BY event_hour
CREATE OR REPLACE VIEW events_per_hour
SQL SECURITY INVOKER AS
SELECT event_hour, source, event_type, events, checksum, size_bytes, late_events, amounts,
    finalizeAggregation(users) AS unique_users
FROM events_per_hour_store FINAL
WHERE source != '' AND events > 0;

ALTER TABLE events_per_hour
    COMMENT COLUMN event_hour 'Start of the hour of event_time',
    COMMENT COLUMN source 'As in events',
    COMMENT COLUMN event_type 'As in events',
    COMMENT COLUMN events 'Number of events, each counted once',
    COMMENT COLUMN checksum
        'Sum of xxHash64(event_id as text) modulo 2^64: two sets of as many events with the same checksum are the same set',
    COMMENT COLUMN size_bytes 'Sum of events.size_bytes, bytes',
    COMMENT COLUMN late_events 'Number of late events (events.is_late)',
    COMMENT COLUMN amounts 'Sum of events.amount by currency; an absent currency reads as 0',
    COMMENT COLUMN unique_users 'Distinct user_ids of this row. Not to be added up: a user may be in several rows';
