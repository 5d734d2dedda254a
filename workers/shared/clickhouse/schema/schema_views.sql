-- From which text each view was made last: what differs is replaced by the next `ops migrate`.
CREATE TABLE IF NOT EXISTS schema_views
(
    name       String,
    checksum   String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name;
