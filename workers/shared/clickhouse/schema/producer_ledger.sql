-- Example: SELECT event_minute, sum(events) FROM producer_ledger GROUP BY event_minute ORDER BY event_minute
CREATE OR REPLACE VIEW producer_ledger
SQL SECURITY INVOKER AS
SELECT instance, event_minute, source, event_type, events, checksum, unknown FROM ledger_counts FINAL;

ALTER TABLE producer_ledger
    COMMENT COLUMN instance 'One run of a simulator',
    COMMENT COLUMN event_minute 'Start of the minute of event_time',
    COMMENT COLUMN source 'As in events',
    COMMENT COLUMN event_type 'As in events',
    COMMENT COLUMN events 'Distinct events of which this instance saw the first acknowledgement',
    COMMENT COLUMN checksum 'As in events_per_minute, of these events',
    COMMENT COLUMN unknown 'Events whose acknowledgement stayed unknown: they may be in the topic or not';
