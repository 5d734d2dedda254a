-- The newest run of each kind. Example: SELECT kind, verdict, proven_until FROM verification_latest
CREATE OR REPLACE VIEW verification_latest
SQL SECURITY INVOKER AS
SELECT kind, run_id, run_at, verdict, proven_until, hours_proven_until, duration_ms, checked_events, missing, surplus, conflicts
FROM verification_runs FINAL
ORDER BY run_at DESC, run_id DESC
LIMIT 1 BY kind;
