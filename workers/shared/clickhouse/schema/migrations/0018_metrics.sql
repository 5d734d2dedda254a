-- Rows of dimension sets in the two stores. A sorting key may be extended only by columns added in the same statement; the
-- primary key, by which heads are found, stays as it was.
ALTER TABLE events_per_minute_store
    ADD COLUMN IF NOT EXISTS grouping LowCardinality(String)
        COMMENT 'Dimension set of the row; empty: the row of all events of source and type',
    ADD COLUMN IF NOT EXISTS dims String COMMENT 'JSON array of the values of the dimensions; *: all beyond the bound on groups',
    MODIFY ORDER BY (source, event_type, event_minute, grouping, dims);

ALTER TABLE events_per_minute_store
    ADD COLUMN IF NOT EXISTS n UInt64 COMMENT 'Number of events of a dimension set; events is 0 there',
    ADD COLUMN IF NOT EXISTS data_version UInt64 DEFAULT version
        COMMENT 'As version, but a recomputation for new definitions alone keeps it',
    ADD COLUMN IF NOT EXISTS definitions String COMMENT 'Of the head row: hash of the definitions it was computed by',
    ADD COLUMN IF NOT EXISTS result_rows UInt64 COMMENT 'Of the head row: number of rows the computation wrote';

ALTER TABLE events_per_hour_store
    ADD COLUMN IF NOT EXISTS grouping LowCardinality(String)
        COMMENT 'Dimension set of the row; empty: the row of all events of source and type',
    ADD COLUMN IF NOT EXISTS dims String COMMENT 'JSON array of the values of the dimensions; *: all beyond the bound on groups',
    MODIFY ORDER BY (source, event_type, event_hour, grouping, dims);

ALTER TABLE events_per_hour_store
    ADD COLUMN IF NOT EXISTS n UInt64 COMMENT 'Number of events of a dimension set; events is 0 there',
    ADD COLUMN IF NOT EXISTS data_version UInt64 DEFAULT version
        COMMENT 'Sum of the data_version of its minutes',
    ADD COLUMN IF NOT EXISTS definitions String COMMENT 'Of the head row: hash of the definitions that all its minutes were computed by';
