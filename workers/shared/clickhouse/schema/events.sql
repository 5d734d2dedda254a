-- One row an event: the name to use for analytics. FINAL is inside, so that a naive count() is right.
-- Example: SELECT event_type, count() FROM events WHERE event_time > now() - INTERVAL 1 HOUR GROUP BY event_type
CREATE OR REPLACE VIEW events
SQL SECURITY INVOKER AS
SELECT
    event_id, event_time, toStartOfMinute(event_time) AS event_minute, received_time, source, event_type, user_id, session_id,
    amount, currency, payload, extra, size_bytes, latency_ms, ingest_delay_ms, is_late, producer,
    kafka_partition, kafka_offset, kafka_append_time
FROM events_raw FINAL
-- Copies of one event never lie in two partitions (same key, same day), so FINAL may work on each day by itself.
SETTINGS do_not_merge_across_partitions_select_final = 1;

ALTER TABLE events
    COMMENT COLUMN event_id 'UUID in lower case; copies of an event share it, event_minute, source and event_type',
    COMMENT COLUMN event_time 'When it happened, as its source says',
    COMMENT COLUMN event_minute 'Start of the minute of event_time: the minute the event counts in, however late it comes',
    COMMENT COLUMN received_time 'When the platform of its source received it, as the source says',
    COMMENT COLUMN source 'lottery, web, mobile or sensor',
    COMMENT COLUMN event_type 'What happened, such as ticket_purchased; each source has its types',
    COMMENT COLUMN user_id 'User, or device for a sensor',
    COMMENT COLUMN session_id 'Visit the event belongs to; empty: none was sent',
    COMMENT COLUMN amount 'Money of the payload, in units of currency; 0 where currency is empty',
    COMMENT COLUMN currency 'Three capital letters, as in ISO 4217; empty: the event carries no money',
    COMMENT COLUMN payload 'Payload as JSON, as it was sent; empty: none',
    COMMENT COLUMN extra 'JSON object of top-level fields outside the contract, as they were sent; empty: none',
    COMMENT COLUMN size_bytes 'Bytes of the value of the Kafka message',
    COMMENT COLUMN latency_ms
        'Latency: from event_time until the consumer judged the message, by its clock, ms; the last reading counts',
    COMMENT COLUMN ingest_delay_ms 'From event_time to received_time, ms; negative where received_time is earlier',
    COMMENT COLUMN is_late 'Late: appended to Kafka more than LATE_AFTER_MS (set for the consumer) after event_time',
    COMMENT COLUMN producer 'Simulator whose ledger counts the event; empty: it came from a file, HTTP ingest or another client',
    COMMENT COLUMN kafka_partition 'Partition of the copy that is kept: the one appended first',
    COMMENT COLUMN kafka_offset 'Offset of that copy',
    COMMENT COLUMN kafka_append_time 'When Kafka appended that copy, by the clock of the broker';
