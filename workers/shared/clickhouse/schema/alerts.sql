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

ALTER TABLE alerts
    COMMENT COLUMN fingerprint 'Hash of the labels, by Alertmanager; with starts_at it names an alert',
    COMMENT COLUMN starts_at 'When it began to fire',
    COMMENT COLUMN status 'firing or resolved',
    COMMENT COLUMN alert_name 'Its label alertname; empty: none',
    COMMENT COLUMN severity 'Its label severity; empty: none',
    COMMENT COLUMN ends_at 'When it ended; NULL while it fires',
    COMMENT COLUMN labels 'All its labels',
    COMMENT COLUMN annotations 'Its annotations, such as summary and runbook',
    COMMENT COLUMN generator_url 'Address of its rule in Prometheus; empty: none',
    COMMENT COLUMN receiver 'Receiver of Alertmanager that was notified',
    COMMENT COLUMN first_received_at 'When the first notification came',
    COMMENT COLUMN last_received_at 'When the newest notification came, whose status, labels and texts these are',
    COMMENT COLUMN notifications 'Notifications of it that came; Alertmanager repeats them';
