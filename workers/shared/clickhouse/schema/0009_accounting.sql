-- Views that account for every message received.

-- Copies of events per minute: received = distinct Kafka offsets, duplicates = further copies of a stored event,
-- redelivered = rows that were inserted again after a crash or rebalance (same offset, same event).
-- Example: SELECT sum(duplicates), sum(redelivered) FROM duplicates_per_minute
CREATE VIEW IF NOT EXISTS duplicates_per_minute AS
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
) AS minutes USING (event_minute);

-- The invariant, per partition: every offset is exactly one of stored, duplicate, dead letter. `missing` counts offsets
-- between the first and the last that are none of them, `ambiguous` those that are both an event and a dead letter.
-- Example: SELECT * FROM offsets_received
CREATE VIEW IF NOT EXISTS offsets_received AS
SELECT
    kafka_partition,
    least(if(received = 0, toUInt64(-1), bitmapMin(events)), if(dead_letters = 0, toUInt64(-1), bitmapMin(letters))) AS first_offset,
    greatest(bitmapMax(events), bitmapMax(letters)) AS last_offset,
    bitmapCardinality(events) AS received,
    bitmapCardinality(letters) AS dead_letters,
    bitmapOrCardinality(events, letters) AS accounted,
    last_offset - first_offset + 1 - accounted AS missing,
    bitmapAndCardinality(events, letters) AS ambiguous
FROM
(
    SELECT kafka_partition, groupBitmapMergeState(event_offsets) AS events, groupBitmapMergeState(letter_offsets) AS letters
    FROM
    (
        SELECT kafka_partition, groupBitmapMergeState(offsets) AS event_offsets, arrayReduce('groupBitmapState', CAST([], 'Array(UInt64)')) AS letter_offsets
        FROM received_offsets
        GROUP BY kafka_partition

        UNION ALL

        SELECT kafka_partition, arrayReduce('groupBitmapState', CAST([], 'Array(UInt64)')), groupBitmapState(kafka_offset)
        FROM dead_letters_raw
        GROUP BY kafka_partition
    )
    GROUP BY kafka_partition
);
