-- Comments of the columns of tables that people read; those of views come with the views.
ALTER TABLE conflict_resolutions
    COMMENT COLUMN event_id 'The id that was in conflict',
    COMMENT COLUMN event_minute 'Minute, source and type under which it was dropped',
    COMMENT COLUMN source 'As in events',
    COMMENT COLUMN event_type 'As in events',
    COMMENT COLUMN producer 'Producer instance of the dropped copy; empty: no ledger counts it',
    COMMENT COLUMN resolved_at 'When it was dropped; if it came back, the last time';

ALTER TABLE offsets_without_message
    COMMENT COLUMN topic 'Topic the offsets are of',
    COMMENT COLUMN kafka_partition 'Its partition',
    COMMENT COLUMN first_offset 'First offset of the range',
    COMMENT COLUMN last_offset 'Last offset of the range, which is part of it',
    COMMENT COLUMN kind
        'transaction: markers, aborted messages. compacted: no record in the log, a loss unless stored before. skipped: by ops skip',
    COMMENT COLUMN append_time 'When Kafka appended a message near them',
    COMMENT COLUMN found_at 'When they were recorded; if more than once, the last time';

ALTER TABLE verification_runs
    COMMENT COLUMN run_id 'Identifies the run',
    COMMENT COLUMN run_at 'When the ends of the topic were taken: what was appended later is not part of the run',
    COMMENT COLUMN kind 'verify: ledgers, events and views compared. audit: the topic compared with the store, event by event',
    COMMENT COLUMN verdict 'exact, different or not_proven',
    COMMENT COLUMN proven_until
        'Events appended before run_at that happened before this are proven; run_at after an exact audit. NULL: nothing is',
    COMMENT COLUMN hours_proven_until 'The same for events_per_hour; NULL: nothing is proven, or an audit',
    COMMENT COLUMN duration_ms 'How long the run took, ms',
    COMMENT COLUMN checked_events 'Events compared: of the store (verify), of the topic (audit)',
    COMMENT COLUMN missing 'Events found missing, by the comparison that misses most',
    COMMENT COLUMN surplus 'Events found too many, by the comparison that finds most',
    COMMENT COLUMN conflicts 'event_ids in conflict (verify), differences of that kind (audit)',
    COMMENT COLUMN details 'The report as --json prints it, with the missing ids';
