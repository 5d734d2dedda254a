-- The newest run of each kind. Example: SELECT kind, verdict, proven_until FROM verification_latest
CREATE OR REPLACE VIEW verification_latest
SQL SECURITY INVOKER AS
SELECT kind, run_id, run_at, verdict, proven_until, hours_proven_until, duration_ms, checked_events, missing, surplus, conflicts
FROM verification_runs FINAL
ORDER BY run_at DESC, run_id DESC
LIMIT 1 BY kind;

ALTER TABLE verification_latest
    COMMENT COLUMN kind 'verify: ledgers, events and views compared. audit: the topic compared with the store, event by event',
    COMMENT COLUMN run_id 'Identifies the run in verification_runs',
    COMMENT COLUMN run_at 'When the ends of the topic were taken: what was appended later is not part of the run',
    COMMENT COLUMN verdict 'exact, different or not_proven',
    COMMENT COLUMN proven_until
        'Events appended before run_at that happened before this are proven; run_at after an exact audit. NULL: nothing is',
    COMMENT COLUMN hours_proven_until 'The same for events_per_hour; NULL: nothing is proven, or an audit',
    COMMENT COLUMN duration_ms 'How long the run took, ms',
    COMMENT COLUMN checked_events 'Events compared: of the store (verify), of the topic (audit)',
    COMMENT COLUMN missing 'Events found missing, by the comparison that misses most',
    COMMENT COLUMN surplus 'Events found too many, by the comparison that finds most',
    COMMENT COLUMN conflicts 'event_ids in conflict (verify), differences of that kind (audit)';
