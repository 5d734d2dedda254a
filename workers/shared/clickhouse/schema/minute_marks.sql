-- Which minutes were touched, and by how many rows. An insert-time view counts what an insert brings, duplicates and
-- redeliveries included: that would be wrong as a result, but it is exactly right as a mark. Marking twice only causes
-- one more recomputation.
--
-- touched_at is taken when the marked block is processed, after its rows became readable. The engine makes the rows of
-- the source table readable before it runs the views; a test pins that order.
CREATE TABLE IF NOT EXISTS minute_marks
(
    event_minute DateTime('UTC'),
    rows_marked  SimpleAggregateFunction(sum, UInt64),
    touched_at   SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY event_minute
-- Longer than the raw events: a mark that vanished before its minute left the retention would make it look dirty.
TTL event_minute + INTERVAL 97 DAY DELETE;
