-- replayed_at is NULL for letters that were not put back yet.
-- Example: SELECT error_class, count() FROM dead_letters GROUP BY error_class
CREATE OR REPLACE VIEW dead_letters
SQL SECURITY INVOKER AS
SELECT letters.topic AS topic, letters.kafka_partition AS kafka_partition, letters.kafka_offset AS kafka_offset,
    letters.append_time AS append_time, letters.payload_hash AS payload_hash, error_class, reason, message_key, payload, headers,
    stored_at, replays.replayed_at AS replayed_at
FROM (SELECT * FROM dead_letters_raw FINAL) AS letters
LEFT JOIN
(
    SELECT topic, kafka_partition, kafka_offset, append_time, payload_hash, toNullable(max(replayed_at)) AS replayed_at
    FROM dead_letter_replays_raw
    GROUP BY topic, kafka_partition, kafka_offset, append_time, payload_hash
) AS replays USING (topic, kafka_partition, kafka_offset, append_time, payload_hash)
SETTINGS join_use_nulls = 0;
