-- The invariant, per partition: every offset is exactly one of stored, duplicate, dead letter. A letter whose refusal held
-- for a time or a configuration is settled by an event that a later reading stored: that is not ambiguous.
-- Example: SELECT * FROM offsets_received
CREATE OR REPLACE VIEW offsets_received
SQL SECURITY INVOKER AS
SELECT
    kafka_partition,
    least(if(received = 0, toUInt64(-1), bitmapMin(events)), if(dead_letters = 0, toUInt64(-1), bitmapMin(letters))) AS first_offset,
    greatest(bitmapMax(events), bitmapMax(letters)) AS last_offset,
    bitmapCardinality(events) AS received,
    bitmapCardinality(letters) AS dead_letters,
    bitmapOrCardinality(events, letters) AS accounted,
    last_offset - first_offset + 1 - accounted AS missing,
    bitmapAndCardinality(events, unsettled) AS ambiguous
FROM
(
    SELECT kafka_partition, groupBitmapMergeState(event_offsets) AS events, groupBitmapMergeState(letter_offsets) AS letters,
        groupBitmapMergeState(unsettled_offsets) AS unsettled
    FROM
    (
        SELECT kafka_partition, groupBitmapMergeState(offsets) AS event_offsets, arrayReduce('groupBitmapState', CAST([], 'Array(UInt64)')) AS letter_offsets,
            arrayReduce('groupBitmapState', CAST([], 'Array(UInt64)')) AS unsettled_offsets
        FROM received_offsets
        GROUP BY kafka_partition

        UNION ALL

        SELECT kafka_partition, arrayReduce('groupBitmapState', CAST([], 'Array(UInt64)')), groupBitmapState(kafka_offset),
            groupBitmapStateIf(kafka_offset, error_class NOT IN ('rejected_by_store', 'too_old', 'in_future', 'too_large'))
        FROM dead_letters_raw
        GROUP BY kafka_partition
    )
    GROUP BY kafka_partition
)
-- A sum of nothing is zero, and states keep their type, whatever the reader's profile says.
SETTINGS aggregate_functions_null_for_empty = 0;

ALTER TABLE offsets_received
    COMMENT COLUMN kafka_partition 'Partition of the topic of events',
    COMMENT COLUMN first_offset 'First offset stored as an event or a dead letter',
    COMMENT COLUMN last_offset 'Last such offset',
    COMMENT COLUMN received 'Offsets stored as events or as copies of events',
    COMMENT COLUMN dead_letters 'Offsets stored as dead letters',
    COMMENT COLUMN accounted 'Offsets that are either',
    COMMENT COLUMN missing
        'Offsets between first and last that are neither; offsets_without_message names those that never held an event',
    COMMENT COLUMN ambiguous
        'Offsets that are both, unless refused as too_old, in_future, too_large or rejected_by_store: a later reading may store those';
