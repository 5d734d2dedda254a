-- How often what came had come before, per minute.
-- Example: SELECT sum(duplicates), sum(redelivered) FROM duplicates_per_minute
CREATE OR REPLACE VIEW duplicates_per_minute
SQL SECURITY INVOKER AS
SELECT
    event_minute,
    received,
    stored AS events,
    greatest(toInt64(received) - toInt64(stored), 0) AS duplicates,
    rows_received - received AS redelivered
FROM
(
    SELECT event_minute, sum(cardinality) AS received, sum(rows_received) AS rows_received
    FROM
    (
        SELECT event_minute, kafka_partition, append_hour,
            groupBitmapMerge(offsets) AS cardinality, sum(rows_received) AS rows_received
        FROM received_offsets
        GROUP BY event_minute, kafka_partition, append_hour
    )
    GROUP BY event_minute
) AS received_rows
LEFT JOIN
(
    SELECT event_minute, sum(events) AS stored FROM events_per_minute GROUP BY event_minute
) AS minutes USING (event_minute)
-- A minute without events counts as zero, and bitmaps merge, whatever the reader's profile says.
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0;

ALTER TABLE duplicates_per_minute
    COMMENT COLUMN event_minute 'Start of the minute of event_time; kept for a week longer than raw events',
    COMMENT COLUMN received 'Distinct Kafka offsets stored for this minute, copies among them',
    COMMENT COLUMN events 'Events of events_per_minute; 0 also where the minute is not computed yet',
    COMMENT COLUMN duplicates
        'received - events, at least 0: further copies, events dropped by ops conflicts resolve, briefly also events not computed yet',
    COMMENT COLUMN redelivered 'Rows stored again for an offset that was stored before: after a crash, a rebalance or a rewind';
