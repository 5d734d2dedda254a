-- First moment of the days whose raw events are all there. Recomputing an older minute would turn 1000 into 1.
CREATE OR REPLACE VIEW raw_horizon
SQL SECURITY INVOKER AS
SELECT
    toDateTime(
        greatest(
            toDate(now('UTC')) - toUInt32(anyIf(value, name = 'raw_retention_days')) + 1,
            toDate(anyIf(value, name = 'raw_complete_since'))
        ),
        'UTC'
    ) AS complete_since
FROM pipeline_settings FINAL
-- A sum of nothing is zero, and states keep their type, whatever the reader's profile says.
SETTINGS aggregate_functions_null_for_empty = 0;

ALTER TABLE raw_horizon
    COMMENT COLUMN complete_since 'Start of the first day whose raw events are all there; minutes before it are never recomputed';
