-- How far the continuous audit has come, one row a partition: every offset from first_offset up to, but without,
-- next_offset was compared with the store, and so was every minute and hour these touch, apart from the open ones.
-- Written only after a comparison is whole; the newest row counts. Example: SELECT * FROM proof
CREATE TABLE IF NOT EXISTS proof_progress
(
    topic           LowCardinality(String),
    kafka_partition UInt32,
    first_offset    UInt64,
    next_offset     UInt64,
    -- Everything appended before is compared. NULL: nothing was appended yet.
    proven_until    Nullable(DateTime64(3, 'UTC')),
    -- The last message compared, by which a topic that was created anew is known: 0, 0 when there is none.
    anchor_offset   UInt64,
    anchor_time     DateTime64(3, 'UTC'),
    anchor_hash     UInt64,
    -- Minutes and hours touched and not compared yet: they are still being recomputed.
    open_minutes    Array(DateTime('UTC')),
    open_hours      Array(DateTime('UTC')),
    -- Offsets that could not be read, ever: what the proof does not cover.
    unproven        UInt64,
    -- What the proof stands at; empty: nothing differs.
    difference      String,
    saved_at        DateTime64(3, 'UTC'),
    version         UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (topic, kafka_partition);
