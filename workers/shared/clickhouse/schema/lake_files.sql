-- Bookkeeping of `ops lake`: what was read out of which Parquet file.
--
-- A row is a fact about content, not a claim about the lake: "the object with this etag, at the place of this hour and
-- source, says that it was written from export_version, and holds these events". It is written after the object was read
-- back. Whether it still lies there is asked of the bucket every time (a listing returns etags), so two exporters, a
-- late upload of a dead one or a lost record cannot make the lake look newer than it is.
--
-- export_version is the version of the hour in events_per_hour_store that was read before the rows were. A row that
-- was not exported raises that version later, so an hour is clean exactly when the two are equal.
CREATE TABLE IF NOT EXISTS lake_files
(
    lake           LowCardinality(String),
    event_hour     DateTime('UTC'),
    source         LowCardinality(String),
    etag           String,
    export_version UInt64,
    events         UInt64,
    -- As in events_per_hour: sum of xxHash64(event_id as text) modulo 2^64.
    checksum       UInt64,
    -- The same over all columns.
    content        UInt64,
    size_bytes     UInt64,
    recorded_at    DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (lake, event_hour, source, etag);
