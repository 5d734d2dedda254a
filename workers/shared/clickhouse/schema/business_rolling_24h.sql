-- For every hour with events, the 24 hours that end with it. Uniques are merged, not added: a user seen in two hours is
-- one user. Example: SELECT * FROM business_rolling_24h ORDER BY window_end DESC LIMIT 1
CREATE OR REPLACE VIEW business_rolling_24h
SQL SECURITY INVOKER AS
SELECT
    event_hour + INTERVAL shift + 1 HOUR AS window_end,
    sumMapIf(amounts, event_type = 'ticket_purchased') AS revenue,
    sumMapIf(amounts, event_type = 'claim_reward') AS payouts,
    sumIf(events, event_type = 'ticket_purchased') AS tickets,
    sumIf(events, event_type = 'claim_reward') AS rewards,
    sumIf(events, event_type = 'login') AS logins,
    uniqExactMerge(users) AS unique_users,
    uniqExactMerge(login_sessions) AS new_sessions
FROM events_per_hour_store FINAL
ARRAY JOIN range(24) AS shift
WHERE source = 'lottery'
GROUP BY window_end
HAVING sum(events) > 0 AND window_end <= toStartOfHour(now('UTC')) + INTERVAL 1 HOUR
-- A sum of nothing is zero, and states keep their type, whatever the reader's profile says.
SETTINGS aggregate_functions_null_for_empty = 0;
