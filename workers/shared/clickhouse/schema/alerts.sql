-- One row an alert (its fingerprint and start), as its newest notification has it.
-- Example: SELECT alert_name, severity, starts_at FROM alerts WHERE status = 'firing'
CREATE OR REPLACE VIEW alerts
SQL SECURITY INVOKER AS
SELECT
    fingerprint,
    starts_at,
    argMax(status, received_at) AS status,
    argMax(alert_name, received_at) AS alert_name,
    argMax(severity, received_at) AS severity,
    argMax(tuple(ends_at), received_at).1 AS ends_at,
    argMax(labels, received_at) AS labels,
    argMax(annotations, received_at) AS annotations,
    argMax(generator_url, received_at) AS generator_url,
    argMax(receiver, received_at) AS receiver,
    min(received_at) AS first_received_at,
    max(received_at) AS last_received_at,
    count() AS notifications
FROM received_alerts
GROUP BY fingerprint, starts_at;
