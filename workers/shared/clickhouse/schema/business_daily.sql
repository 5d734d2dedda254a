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

ALTER TABLE business_daily
    COMMENT COLUMN event_date 'Calendar day of event_time in UTC; today is not over',
    COMMENT COLUMN revenue 'Revenue of the day by currency, as in business_per_hour',
    COMMENT COLUMN payouts 'Payouts of the day by currency, as in business_per_hour',
    COMMENT COLUMN tickets 'Number of ticket_purchased events',
    COMMENT COLUMN rewards 'Number of claim_reward events',
    COMMENT COLUMN logins 'Number of login events',
    COMMENT COLUMN unique_users 'Distinct user_ids of the day; one seen in two hours is one',
    COMMENT COLUMN new_sessions 'Distinct session_ids with a login in the day';
