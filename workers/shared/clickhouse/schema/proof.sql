-- What the continuous audit has proven, per partition. minutes_proven_until: all events before are also shown by the views.
CREATE OR REPLACE VIEW proof
SQL SECURITY INVOKER AS
SELECT topic, kafka_partition, first_offset, next_offset, proven_until,
    least(proven_until, if(empty(open_minutes), proven_until, toDateTime64(arrayMin(open_minutes), 3, 'UTC'))) AS minutes_proven_until,
    length(open_minutes) AS minutes_open, unproven, difference, saved_at
FROM proof_progress FINAL;
