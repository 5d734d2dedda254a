-- Business metrics of the lottery, from the exact hours. Sums of money are Decimal, one entry per currency.
-- Example: SELECT event_hour, revenue['EUR'], payouts['EUR'], unique_users FROM business_per_hour ORDER BY event_hour
CREATE OR REPLACE VIEW business_per_hour
SQL SECURITY INVOKER AS
SELECT
    event_hour,
    sumMapIf(amounts, event_type = 'ticket_purchased') AS revenue,
    sumMapIf(amounts, event_type = 'claim_reward') AS payouts,
    sumIf(events, event_type = 'ticket_purchased') AS tickets,
    sumIf(events, event_type = 'claim_reward') AS rewards,
    sumIf(events, event_type = 'login') AS logins,
    uniqExactMerge(users) AS unique_users,
    -- Distinct session_ids with a login in the hour.
    uniqExactMerge(login_sessions) AS new_sessions
FROM events_per_hour_store FINAL
WHERE source = 'lottery'
GROUP BY event_hour
HAVING sum(events) > 0
-- A sum of nothing is zero, and states keep their type, whatever the reader's profile says.
SETTINGS aggregate_functions_null_for_empty = 0;
