-- The same money as rows, for charts. Example: SELECT * FROM revenue_per_hour WHERE currency = 'EUR' ORDER BY event_hour
CREATE OR REPLACE VIEW revenue_per_hour
SQL SECURITY INVOKER AS
SELECT
    event_hour,
    money.1 AS currency,
    sumIf(money.2, event_type = 'ticket_purchased') AS revenue,
    sumIf(money.2, event_type = 'claim_reward') AS payouts
FROM events_per_hour_store FINAL
ARRAY JOIN CAST(amounts, 'Array(Tuple(String, Decimal(38, 4)))') AS money
WHERE source = 'lottery' AND event_type IN ('ticket_purchased', 'claim_reward')
GROUP BY event_hour, currency
-- A sum of nothing is zero, and states keep their type, whatever the reader's profile says.
SETTINGS aggregate_functions_null_for_empty = 0;

ALTER TABLE revenue_per_hour
    COMMENT COLUMN event_hour 'Start of the hour of event_time; only hours in which money moved',
    COMMENT COLUMN currency 'Three capital letters, as in ISO 4217',
    COMMENT COLUMN revenue 'Revenue of the hour in this currency, as in business_per_hour',
    COMMENT COLUMN payouts 'Payouts of the hour in this currency, as in business_per_hour';
