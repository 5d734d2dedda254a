import alerts from "./alerts.sql" with { type: "text" };
import conflictResolutions from "./conflict_resolutions.sql" with { type: "text" };
import conflicts from "./conflicts.sql" with { type: "text" };
import contractVersions from "./contract_versions.sql" with { type: "text" };
import deadLetterReplaysRaw from "./dead_letter_replays_raw.sql" with { type: "text" };
import deadLetters from "./dead_letters.sql" with { type: "text" };
import deadLettersRaw from "./dead_letters_raw.sql" with { type: "text" };
import duplicatesPerMinute from "./duplicates_per_minute.sql" with { type: "text" };
import eventIndex from "./event_index.sql" with { type: "text" };
import eventIndexOnInsert from "./event_index_on_insert.sql" with { type: "text" };
import events from "./events.sql" with { type: "text" };
import eventsPerHour from "./events_per_hour.sql" with { type: "text" };
import eventsPerHourRefresh from "./events_per_hour_refresh.sql" with { type: "text" };
import eventsPerHourStore from "./events_per_hour_store.sql" with { type: "text" };
import eventsPerMinute from "./events_per_minute.sql" with { type: "text" };
import eventsPerMinuteRefresh from "./events_per_minute_refresh.sql" with { type: "text" };
import eventsPerMinuteStore from "./events_per_minute_store.sql" with { type: "text" };
import eventsRaw from "./events_raw.sql" with { type: "text" };
import lakeFiles from "./lake_files.sql" with { type: "text" };
import lakePending from "./lake_pending.sql" with { type: "text" };
import lakeRuns from "./lake_runs.sql" with { type: "text" };
import ledgerCounts from "./ledger_counts.sql" with { type: "text" };
import ledgerInstances from "./ledger_instances.sql" with { type: "text" };
import minuteMarks from "./minute_marks.sql" with { type: "text" };
import minuteMarksOnInsert from "./minute_marks_on_insert.sql" with { type: "text" };
import offsetsReceived from "./offsets_received.sql" with { type: "text" };
import offsetsWithoutMessage from "./offsets_without_message.sql" with { type: "text" };
import pipelineSettings from "./pipeline_settings.sql" with { type: "text" };
import producerInstances from "./producer_instances.sql" with { type: "text" };
import producerLedger from "./producer_ledger.sql" with { type: "text" };
import proof from "./proof.sql" with { type: "text" };
import proofProgress from "./proof_progress.sql" with { type: "text" };
import rawHorizon from "./raw_horizon.sql" with { type: "text" };
import receivedAlerts from "./received_alerts.sql" with { type: "text" };
import receivedOffsets from "./received_offsets.sql" with { type: "text" };
import receivedOffsetsOnInsert from "./received_offsets_on_insert.sql" with { type: "text" };
import verificationLatest from "./verification_latest.sql" with { type: "text" };
import verificationRuns from "./verification_runs.sql" with { type: "text" };

/**
 * One object of the schema, described as it is now by the file of its name. `migrate` treats it by its kind:
 * - `table`: created where it is missing. A change to one that exists is a migration (see migrations.ts), and an edit here.
 * - `insert_view`: sees each insert into a table, and is created where it is missing. Changed in place by a migration
 *   (`ALTER TABLE … MODIFY QUERY`): dropped and created anew it would miss inserts, replaced it would see some twice.
 * - `refresh` (refreshed by the engine) and `view` (run by whoever reads it): replaced whenever their file has changed.
 */
export type SchemaObject = {
  readonly name: string;
  readonly kind: "table" | "insert_view" | "refresh" | "view";
  /** DDL. `{owner}` stands for the quoted name of the user with whose rights the pipeline's views run. */
  readonly sql: string;
};

/** All objects that every store has, each after those that it reads. The views of its contract come after them: `../metrics/objects.ts`. */
export const SCHEMA_OBJECTS: readonly SchemaObject[] = [
  { name: "pipeline_settings", kind: "table", sql: pipelineSettings },
  { name: "events_raw", kind: "table", sql: eventsRaw },
  { name: "minute_marks", kind: "table", sql: minuteMarks },
  { name: "received_offsets", kind: "table", sql: receivedOffsets },
  { name: "event_index", kind: "table", sql: eventIndex },
  { name: "events_per_minute_store", kind: "table", sql: eventsPerMinuteStore },
  { name: "events_per_hour_store", kind: "table", sql: eventsPerHourStore },
  { name: "dead_letters_raw", kind: "table", sql: deadLettersRaw },
  { name: "dead_letter_replays_raw", kind: "table", sql: deadLetterReplaysRaw },
  { name: "offsets_without_message", kind: "table", sql: offsetsWithoutMessage },
  { name: "ledger_counts", kind: "table", sql: ledgerCounts },
  { name: "ledger_instances", kind: "table", sql: ledgerInstances },
  { name: "lake_files", kind: "table", sql: lakeFiles },
  { name: "lake_runs", kind: "table", sql: lakeRuns },
  { name: "verification_runs", kind: "table", sql: verificationRuns },
  { name: "received_alerts", kind: "table", sql: receivedAlerts },
  { name: "conflict_resolutions", kind: "table", sql: conflictResolutions },
  { name: "contract_versions", kind: "table", sql: contractVersions },
  { name: "proof_progress", kind: "table", sql: proofProgress },
  { name: "minute_marks_on_insert", kind: "insert_view", sql: minuteMarksOnInsert },
  { name: "received_offsets_on_insert", kind: "insert_view", sql: receivedOffsetsOnInsert },
  { name: "event_index_on_insert", kind: "insert_view", sql: eventIndexOnInsert },
  { name: "raw_horizon", kind: "view", sql: rawHorizon },
  { name: "events_per_minute_refresh", kind: "refresh", sql: eventsPerMinuteRefresh },
  { name: "events_per_hour_refresh", kind: "refresh", sql: eventsPerHourRefresh },
  { name: "events", kind: "view", sql: events },
  { name: "conflicts", kind: "view", sql: conflicts },
  { name: "events_per_minute", kind: "view", sql: eventsPerMinute },
  { name: "events_per_hour", kind: "view", sql: eventsPerHour },
  { name: "dead_letters", kind: "view", sql: deadLetters },
  { name: "producer_ledger", kind: "view", sql: producerLedger },
  { name: "producer_instances", kind: "view", sql: producerInstances },
  { name: "duplicates_per_minute", kind: "view", sql: duplicatesPerMinute },
  { name: "offsets_received", kind: "view", sql: offsetsReceived },
  { name: "lake_pending", kind: "view", sql: lakePending },
  { name: "verification_latest", kind: "view", sql: verificationLatest },
  { name: "proof", kind: "view", sql: proof },
  { name: "alerts", kind: "view", sql: alerts },
];
