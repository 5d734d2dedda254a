-- One row a run of a producer.
CREATE OR REPLACE VIEW producer_instances
SQL SECURITY INVOKER AS
SELECT instance, state, started_at, updated_at, events, unknown, reached FROM ledger_instances FINAL;

ALTER TABLE producer_instances
    COMMENT COLUMN instance 'One run of a producer',
    COMMENT COLUMN state
        'open: it runs, or was killed. closed: it stopped in order. audited: an audit has proven what its ledger could not say',
    COMMENT COLUMN started_at 'When the instance started',
    COMMENT COLUMN updated_at 'Time of its last ledger record, by its own clock',
    COMMENT COLUMN events 'What it saw acknowledged: distinct events of a simulator, messages where reached is not empty',
    COMMENT COLUMN unknown 'Events or messages whose acknowledgement stayed unknown',
    COMMENT COLUMN reached
        'Of HTTP ingest and files: the last acknowledged offset by partition, a JSON object. Empty: a simulator';
