-- What the continuous audit has proven, per partition.
CREATE OR REPLACE VIEW proof
SQL SECURITY INVOKER AS
SELECT topic, kafka_partition, first_offset, next_offset, proven_until,
    least(proven_until, if(empty(open_minutes), proven_until, toDateTime64(arrayMin(open_minutes), 3, 'UTC'))) AS minutes_proven_until,
    length(open_minutes) AS minutes_open, unproven, difference, saved_at
FROM proof_progress FINAL;

ALTER TABLE proof
    COMMENT COLUMN topic 'Topic that is compared with the store',
    COMMENT COLUMN kafka_partition 'Partition of the topic',
    COMMENT COLUMN first_offset 'First offset of those that are compared',
    COMMENT COLUMN next_offset 'First offset that is not compared yet: all from first_offset up to here are',
    COMMENT COLUMN proven_until 'Everything appended before is compared with the store and equal. NULL: nothing yet',
    COMMENT COLUMN minutes_proven_until
        'As proven_until, but not beyond the first open minute: what lies before is also shown. NULL: nothing yet',
    COMMENT COLUMN minutes_open 'Minutes touched and not compared yet: they are being recomputed',
    COMMENT COLUMN unproven 'Offsets that could never be compared: not readable, compacted away, or deleted by retention before',
    COMMENT COLUMN difference 'What differs, and stops the proof; empty: nothing',
    COMMENT COLUMN saved_at 'When this was saved';
