-- Calendar days in UTC. Example: SELECT * FROM business_daily ORDER BY event_date
CREATE OR REPLACE VIEW business_daily
SQL SECURITY INVOKER AS
SELECT
    toDate(event_hour) AS event_date,
    sumMapIf(amounts, event_type = 'ticket_purchased') AS revenue,
    sumMapIf(amounts, event_type = 'claim_reward') AS payouts,
    sumIf(events, event_type = 'ticket_purchased') AS tickets,
    sumIf(events, event_type = 'claim_reward') AS rewards,
    sumIf(events, event_type = 'login') AS logins,
    uniqExactMerge(users) AS unique_users,
    uniqExactMerge(login_sessions) AS new_sessions
FROM events_per_hour_store FINAL
WHERE source = 'lottery'
GROUP BY event_date
HAVING sum(events) > 0
-- A sum of nothing is zero, and states keep their type, whatever the reader's profile says.
SETTINGS aggregate_functions_null_for_empty = 0;
