import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { DEAD_LETTER_CLASSES } from "../shared/event/index.ts";
import { addProcessMetrics } from "../shared/runtime/process-metrics.ts";
import { BulkHistogram } from "./bulk-histogram.ts";

const LATENCY_BUCKETS = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120, 600, 3_600, 86_400];

export type ConsumerMetrics = ReturnType<typeof createConsumerMetrics>;

/** All metrics of the consumer, in base units, on a registry of their own. */
export function createConsumerMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const collectors: (() => void)[] = [];
  // Before the others, as it brings their values up to date.
  addProcessMetrics(registry, "consumer", () => {
    for (const collect of collectors) collect();
  });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `countinghouse_consumer_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `countinghouse_consumer_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `countinghouse_consumer_${name}`, help, buckets, registers });
  const bulkHistogram = (name: string, help: string, buckets: number[]) =>
    new BulkHistogram({ name: `countinghouse_consumer_${name}`, help, buckets, registers });

  const metrics = {
    registry,
    /** Registers a function that brings values up to date before each scrape. */
    onCollect: (collect: () => void) => void collectors.push(collect),
    consumed: counter(
      "messages_consumed_total",
      "Messages taken from the events topic, redelivered ones included; falling behind what producers acknowledge is lag",
    ),
    consumedBytes: counter(
      "messages_consumed_bytes_total",
      "Keys and values taken from the events topic, bytes: the size of the processed data",
    ),
    stored: counter(
      "events_stored_total",
      "Rows that ClickHouse acknowledged, copies included; a standstill while messages are consumed means that the store refuses",
    ),
    storedBytes: counter("events_stored_bytes_total", "Message bytes of the rows that ClickHouse acknowledged"),
    deadLetters: counter(
      "dead_letters_total",
      "Messages set aside, by class; a rise means that a client sends what breaks the contract",
      ["class"],
    ),
    late: counter(
      "late_events_total",
      "Stored events that were appended later than LATE_AFTER_MS after they happened; a rise means slow or offline clients",
    ),
    lateness: bulkHistogram(
      "late_event_lateness_seconds",
      "Append time minus event time of late events; a shift to the right means that clients hold events back for longer",
      [20, 30, 40, 50, 60, 120, 600, 3_600, 21_600, 86_400, 604_800],
    ),
    appendToStored: bulkHistogram(
      "append_to_stored_seconds",
      "Time from Kafka's append to ClickHouse's acknowledgement: the pipeline's own latency; rises with lag and slow inserts",
      LATENCY_BUCKETS,
    ),
    eventToStored: bulkHistogram(
      "event_to_stored_seconds",
      "Time from the event to ClickHouse's acknowledgement, late events included; rises with clients' delays or the pipeline's",
      LATENCY_BUCKETS,
    ),
    batchRows: histogram(
      "batch_rows",
      "Messages of a batch; small batches at a high rate cost ClickHouse parts",
      [1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000],
    ),
    batchBytes: histogram(
      "batch_bytes",
      "Size of the messages of a batch",
      [1e3, 1e4, 1e5, 5e5, 1e6, 2.5e6, 5e6, 1e7, 2.5e7],
    ),
    batchAge: histogram(
      "batch_age_seconds",
      "Age of the oldest message when its batch was taken; above BATCH_MAX_AGE_MS flushes wait for each other",
      [0.1, 0.25, 0.5, 1, 5],
    ),
    batches: counter(
      "batches_total",
      "Batches by the limit that completed them; age is normal, rows and bytes mean that a backlog drains",
      ["trigger"],
    ),
    insertDuration: histogram(
      "insert_duration_seconds",
      "Time of one successful insert into events_raw; rises when ClickHouse merges too much or its disk is slow",
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
    ),
    retries: counter(
      "store_failures_total",
      "Failed ClickHouse requests that are tried again, by server code; nothing is lost, but freshness suffers",
      ["code"],
    ),
    bisections: counter(
      "bisections_total",
      "Batches that were searched for a row the store refuses; each ends in dead letters of class rejected_by_store",
    ),
    stalled: gauge(
      "store_stalled",
      "1 while the store accepts nothing and the consumer keeps trying; lag grows until it is 0 again",
    ),
    dlqFailures: counter(
      "dead_letter_send_failures_total",
      "Failed sends to the dead-letter topic, by code; offsets are not committed until they succeed",
      ["code"],
    ),
    lag: gauge(
      "lag_messages",
      "Messages of the partition that are not committed yet, whoever reads it or nobody; growing means that consumers are too slow or stuck",
      ["partition"],
    ),
    unread: gauge(
      "unread_partitions",
      "Partitions of the topic that no member of the group has read for a minute: their events wait, whatever else is green",
    ),
    hidden: gauge(
      "hidden_messages",
      "Acknowledged messages of the partition that nobody may read yet, as a transaction before them is open; not part of the lag",
      ["partition"],
    ),
    openTransaction: gauge(
      "open_transaction_seconds",
      "How long the transaction that hides messages has held the partition up; rising means that its producer neither commits nor aborts",
      ["partition"],
    ),
    committedOffset: gauge(
      "committed_offset",
      "Offset committed last, per partition; one that stands still while others move is stuck",
      ["partition"],
    ),
    commitFailures: counter(
      "commit_failures_total",
      "Failed offset commits, by code; rows may be delivered again, which the store deduplicates",
      ["code"],
    ),
    rebalances: counter(
      "rebalances_total",
      "Times this consumer lost its assignment to a rebalance; more than deployments and scaling explain means unstable members",
    ),
    assigned: gauge(
      "assigned_partitions",
      "Partitions assigned to this consumer; 0 for long means more consumers than partitions",
    ),
    joined: gauge("joined", "1 while this consumer is a member of its group with an assignment in place"),
    pausedSeconds: counter(
      "paused_seconds_total",
      "Time fetching was paused because the buffer was full; a steady rise means that ClickHouse is slower than Kafka",
    ),
    buffered: gauge(
      "buffered_bytes",
      "Memory that holds messages; at what MEMORY_MB leaves for them (MAX_BUFFERED_BYTES) fetching pauses",
    ),
    offsetGaps: counter(
      "offset_gaps_total",
      "Places where offsets were skipped, by reason; anything but hole means messages that were never seen",
      ["reason"],
    ),
    offsetGapMessages: counter(
      "offset_gap_messages_total",
      "Offsets that were skipped, by reason: an upper bound of the messages that were never seen",
      ["reason"],
    ),
    redelivered: counter(
      "messages_redelivered_total",
      "Messages discarded from the buffer on a rebalance: the upper bound of what is read twice in this process",
    ),
    lastStored: gauge(
      "last_stored_append_time_seconds",
      "Append time of the newest stored message, Unix seconds; time() less this is how stale the store is at most",
    ),
    ledgerRecords: counter(
      "ledger_records_total",
      "Ledger records read, by outcome (stored, malformed); a standstill while producers run stops every proof",
      ["outcome"],
    ),
  };
  // Alerts on rates need the series to exist before the first failure.
  for (const name of DEAD_LETTER_CLASSES) metrics.deadLetters.inc({ class: name }, 0);
  for (const reason of ["retention", "truncated", "reset", "hole"]) {
    metrics.offsetGaps.inc({ reason }, 0);
    metrics.offsetGapMessages.inc({ reason }, 0);
  }
  for (const outcome of ["stored", "malformed"]) metrics.ledgerRecords.inc({ outcome }, 0);
  return metrics;
}
