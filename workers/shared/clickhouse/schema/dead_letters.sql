-- One row a refused message, with when it was put back.
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

ALTER TABLE dead_letters
    COMMENT COLUMN topic 'Topic the message was read from',
    COMMENT COLUMN kafka_partition 'Partition it lay in',
    COMMENT COLUMN kafka_offset 'Offset it lay at',
    COMMENT COLUMN append_time
        'When Kafka appended it; with position and payload_hash it names a letter, since topics get recreated',
    COMMENT COLUMN payload_hash 'xxHash64 of payload',
    COMMENT COLUMN error_class
        'Why it was refused: empty, too_large, malformed_json, schema, too_old, in_future or rejected_by_store',
    COMMENT COLUMN reason 'The same in words, with the field at fault',
    COMMENT COLUMN message_key 'Key of the message, its bytes; empty: none',
    COMMENT COLUMN payload 'Value of the message, its original bytes; empty: none',
    COMMENT COLUMN headers 'JSON object of its headers, values in base64; a list where a header is repeated',
    COMMENT COLUMN stored_at 'When the letter was stored; if its message was read again, the last time',
    COMMENT COLUMN replayed_at 'When it was last put back into the topic; NULL: never';
