-- Example: SELECT event_minute, sum(events) FROM producer_ledger GROUP BY event_minute ORDER BY event_minute
CREATE OR REPLACE VIEW producer_ledger
SQL SECURITY INVOKER AS
SELECT instance, event_minute, source, event_type, events, checksum, unknown FROM ledger_counts FINAL;
