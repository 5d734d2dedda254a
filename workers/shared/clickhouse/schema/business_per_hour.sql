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
    uniqExactMerge(login_sessions) AS new_sessions
FROM events_per_hour_store FINAL
WHERE source = 'lottery'
GROUP BY event_hour
HAVING sum(events) > 0
-- A sum of nothing is zero, and states keep their type, whatever the reader's profile says.
SETTINGS aggregate_functions_null_for_empty = 0;

ALTER TABLE business_per_hour
    COMMENT COLUMN event_hour 'Start of the hour of event_time. Only events of the source lottery are counted',
    COMMENT COLUMN revenue
        'Revenue: sum of events.amount of ticket_purchased by currency, payouts not taken off; an absent currency reads as 0',
    COMMENT COLUMN payouts 'Sum of events.amount of claim_reward by currency; an absent currency reads as 0',
    COMMENT COLUMN tickets 'Number of ticket_purchased events',
    COMMENT COLUMN rewards 'Number of claim_reward events',
    COMMENT COLUMN logins 'Number of login events',
    COMMENT COLUMN unique_users 'Distinct user_ids of the hour, over all event types',
    COMMENT COLUMN new_sessions 'Distinct session_ids with a login in the hour; a login without session_id is not counted';
