-- Values that views and workers must agree on. Views read them when they run, so changing one needs no new DDL.
-- Written by `ops migrate`; the newest row of a name wins.
CREATE TABLE IF NOT EXISTS pipeline_settings
(
    name       LowCardinality(String),
    value      String,
    changed_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY name;

-- Days for which raw events are kept; the views recompute only days that are wholly inside.
INSERT INTO pipeline_settings (name, value)
SELECT 'raw_retention_days', '90'
WHERE NOT EXISTS (SELECT 1 FROM pipeline_settings WHERE name = 'raw_retention_days');

-- Raw events of earlier days may be gone already: set when the retention is lengthened. Days before it are never
-- recomputed, whatever the retention says now.
INSERT INTO pipeline_settings (name, value)
SELECT 'raw_complete_since', '1970-01-01'
WHERE NOT EXISTS (SELECT 1 FROM pipeline_settings WHERE name = 'raw_complete_since');
