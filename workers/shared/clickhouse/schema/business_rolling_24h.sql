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

ALTER TABLE business_rolling_24h
    COMMENT COLUMN window_end
        'End of the window, a full hour; the 24 hours before it are counted. The newest ends with the current hour, not over yet',
    COMMENT COLUMN revenue 'Revenue of the window by currency, as in business_per_hour',
    COMMENT COLUMN payouts 'Payouts of the window by currency, as in business_per_hour',
    COMMENT COLUMN tickets 'Number of ticket_purchased events',
    COMMENT COLUMN rewards 'Number of claim_reward events',
    COMMENT COLUMN logins 'Number of login events',
    COMMENT COLUMN unique_users 'Distinct user_ids of the window; one seen in two hours is one',
    COMMENT COLUMN new_sessions 'Distinct session_ids with a login in the window';
