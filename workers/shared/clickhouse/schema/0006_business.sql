-- Business metrics of the lottery, from the exact hours. Sums of money are Decimal, one entry per currency.

-- Example: SELECT event_hour, revenue['EUR'], payouts['EUR'], unique_users FROM business_per_hour ORDER BY event_hour
CREATE VIEW IF NOT EXISTS business_per_hour AS
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
HAVING sum(events) > 0;

-- The same money as rows, for charts. Example: SELECT * FROM revenue_per_hour WHERE currency = 'EUR' ORDER BY event_hour
CREATE VIEW IF NOT EXISTS revenue_per_hour AS
SELECT
    event_hour,
    money.1 AS currency,
    sumIf(money.2, event_type = 'ticket_purchased') AS revenue,
    sumIf(money.2, event_type = 'claim_reward') AS payouts
FROM events_per_hour_store FINAL
ARRAY JOIN CAST(amounts, 'Array(Tuple(String, Decimal(38, 4)))') AS money
WHERE source = 'lottery' AND event_type IN ('ticket_purchased', 'claim_reward')
GROUP BY event_hour, currency;

-- For every hour with events, the 24 hours that end with it. Uniques are merged, not added: a user seen in two hours is
-- one user. Example: SELECT * FROM business_rolling_24h ORDER BY window_end DESC LIMIT 1
CREATE VIEW IF NOT EXISTS business_rolling_24h AS
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
HAVING sum(events) > 0 AND window_end <= toStartOfHour(now('UTC')) + INTERVAL 1 HOUR;

-- Calendar days in UTC. Example: SELECT * FROM business_daily ORDER BY event_date
CREATE VIEW IF NOT EXISTS business_daily AS
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
HAVING sum(events) > 0;
