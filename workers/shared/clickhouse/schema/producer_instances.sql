-- state: open while it runs (or was killed), closed after an orderly stop, audited when an audit proved a killed one.
CREATE OR REPLACE VIEW producer_instances
SQL SECURITY INVOKER AS
SELECT instance, state, started_at, updated_at, events, unknown, reached FROM ledger_instances FINAL;
