import { type DashboardSpec, NAMESPACE as NS, type PanelSpec, rate } from "./panels.ts";
import { workerPanels } from "./worker-panels.ts";

const consumer = (name: string, labels = "") => `countinghouse_consumer_${name}{${NS}${labels}}`;
const verification = (name: string, labels = "") => `countinghouse_verification_${name}{${NS}${labels}}`;
const quantiles = (metric: string) =>
  [0.5, 0.95, 0.99].map((q) => ({
    expr: `histogram_quantile(${q}, sum by (le) (${rate(consumer(`${metric}_bucket`))}))`,
    legend: `p${q * 100}`,
  }));

const proof: PanelSpec[] = [
  {
    title: "Verdict",
    description: "The last comparison of ledger, store and views. Anything but exact: see the runbook, CountsDiffer.",
    unit: "none",
    kind: "stat",
    width: 4,
    prom: [{ expr: `max by (verdict) (${verification("verdict", ',kind="verify"')} == 1)`, legend: "{{verdict}}" }],
  },
  {
    title: "Missing",
    description: "Events that were produced and are not stored or not shown. Must be 0.",
    unit: "short",
    kind: "stat",
    width: 4,
    redFrom: 1,
    prom: [{ expr: `max(${verification("missing_events")})` }],
  },
  {
    title: "Too many",
    description: "Events that are stored or shown and were not produced, or are counted twice. Must be 0.",
    unit: "short",
    kind: "stat",
    width: 4,
    redFrom: 1,
    prom: [{ expr: `max(${verification("surplus_events")})` }],
  },
  {
    title: "Conflicting ids",
    description: "Ids stored under several minutes, sources or types. `ops conflicts list` names them.",
    unit: "short",
    kind: "stat",
    width: 4,
    redFrom: 1,
    prom: [{ expr: `max(${verification("conflicting_ids")})` }],
  },
  {
    title: "Age of the proof",
    description: "Every event older than this is proven. Rises while consumers are behind or nobody verifies.",
    unit: "s",
    kind: "stat",
    width: 4,
    redFrom: 1800,
    prom: [{ expr: `max(namespace:countinghouse_proof_age_seconds:min{${NS}})` }],
  },
  {
    title: "Audit behind",
    description:
      "Time since when messages wait to be compared with the store by the continuous audit, which reads the topic itself.",
    unit: "s",
    kind: "stat",
    width: 4,
    prom: [{ expr: `time() - min(${verification("continuous_proven_until_timestamp_seconds")})` }],
  },
  {
    title: "Produced and stored",
    description:
      "Events that the producers' ledgers count and distinct events stored, as of the last verification. Stored may exceed produced by events of clients without a ledger.",
    unit: "short",
    width: 12,
    prom: [
      { expr: `sum(${verification("produced_events")})`, legend: "produced" },
      { expr: `sum(${verification("stored_events")})`, legend: "stored" },
    ],
  },
  {
    title: "Proven until",
    description:
      "How far the proof of minutes and hours lags behind the present. A saw-tooth is normal, a ramp is not.",
    unit: "s",
    width: 12,
    prom: [
      { expr: `time() - max(${verification("proven_until_timestamp_seconds", ',kind="verify"')})`, legend: "minutes" },
      {
        expr: `time() - max(${verification("hours_proven_until_timestamp_seconds", ',kind="verify"')})`,
        legend: "hours",
      },
      { expr: `time() - min(${verification("continuous_shown_until_timestamp_seconds")})`, legend: "audit" },
    ],
  },
];

const flow: PanelSpec[] = [
  {
    title: "Event rates",
    description: "Messages acknowledged by Kafka, consumed, and stored. The three lines lie on each other in balance.",
    unit: "eps",
    prom: [
      {
        expr: `sum(${rate(`countinghouse_producer_settled_messages_total{${NS},outcome="acknowledged"}`)})`,
        legend: "acknowledged",
      },
      { expr: `sum(${rate(consumer("messages_consumed_total"))})`, legend: "consumed" },
      { expr: `sum(${rate(consumer("events_stored_total"))})`, legend: "stored" },
    ],
  },
  {
    title: "Consumed / produced",
    description: "1 in balance, below while lag builds up, above while it drains. Below 0.9 for 5 minutes alerts.",
    unit: "percentunit",
    prom: [{ expr: `namespace:countinghouse_consumed_to_acknowledged:ratio_rate5m{${NS}}`, legend: "ratio" }],
  },
  {
    title: "Consumer lag",
    description:
      "Messages of each partition that are not committed. One partition alone: a hot key or a stuck consumer.",
    unit: "short",
    prom: [{ expr: `max by (partition) (${consumer("lag_messages")})`, legend: "{{partition}}" }],
  },
  {
    title: "Events per minute",
    description: "Stored events per minute, copies included; the exact counts are in events_per_minute.",
    unit: "cpm",
    prom: [{ expr: `sum(${rate(consumer("events_stored_total"))}) * 60`, legend: "events" }],
  },
  {
    title: "Processed bytes",
    description: "Keys and values taken from Kafka. Compare with the disk and network of brokers and ClickHouse.",
    unit: "Bps",
    prom: [{ expr: `sum(${rate(consumer("messages_consumed_bytes_total"))})`, legend: "bytes" }],
  },
  {
    title: "Producers' buffers",
    description: "Messages that wait for Kafka's acknowledgement, and events that are held back to arrive late.",
    unit: "short",
    prom: [
      { expr: `sum(countinghouse_producer_buffer_messages{${NS}})`, legend: "waiting" },
      { expr: `sum(countinghouse_producer_held_events{${NS}})`, legend: "held back" },
    ],
  },
];

const time: PanelSpec[] = [
  {
    title: "Kafka to store",
    description: "From Kafka's append to ClickHouse's acknowledgement: the pipeline's own latency.",
    unit: "s",
    prom: quantiles("append_to_stored_seconds"),
  },
  {
    title: "Event to store",
    description:
      "From the event itself, late ones included: a tenth comes 30 to 60 s late by design of the simulation.",
    unit: "s",
    prom: quantiles("event_to_stored_seconds"),
  },
  {
    title: "Freshness",
    description:
      "Age of the newest stored event, and of the newest recomputation of the views: an event can be queried once it is older than both.",
    unit: "s",
    prom: [
      { expr: `time() - max(countinghouse_store_newest_event_timestamp_seconds{${NS}})`, legend: "newest event" },
      {
        expr: `max by (view) (time() - countinghouse_store_view_refresh_timestamp_seconds{${NS}})`,
        legend: "{{view}}",
      },
    ],
  },
];

const refused: PanelSpec[] = [
  {
    title: "Dead letters",
    description:
      "Refused messages by class. A rise means that a client sends what breaks the contract; `ops dlq list`.",
    unit: "eps",
    prom: [{ expr: `sum by (class) (${rate(consumer("dead_letters_total"))})`, legend: "{{class}}" }],
  },
  {
    title: "Duplicates detected",
    description: "Further copies of stored events, and rows inserted again after crashes: received, and counted once.",
    unit: "short",
    prom: [
      { expr: `sum(${verification("duplicate_events")})`, legend: "duplicates" },
      { expr: `sum(${verification("redelivered_rows")})`, legend: "redelivered" },
    ],
  },
  {
    title: "Late events",
    description:
      "Events appended later than LATE_AFTER_MS after they happened. They land in the minute of their event time.",
    unit: "eps",
    prom: [{ expr: `sum(${rate(consumer("late_events_total"))})`, legend: "late" }],
  },
  {
    title: "Lateness",
    description: "How late the late ones are.",
    unit: "s",
    prom: quantiles("late_event_lateness_seconds"),
  },
  {
    title: "Skipped offsets",
    description: "Offsets that were never seen, by reason. Anything but hole is loss and alerts.",
    unit: "short",
    prom: [{ expr: `sum by (reason) (${consumer("offset_gap_messages_total")})`, legend: "{{reason}}" }],
  },
  {
    title: "Unacknowledged messages",
    description: "Messages of producers that ended otherwise than acknowledged. Must be 0.",
    unit: "short",
    prom: [
      {
        expr: `sum by (outcome) (countinghouse_producer_settled_messages_total{${NS},outcome!="acknowledged"})`,
        legend: "{{outcome}}",
      },
    ],
  },
];

const inside: PanelSpec[] = [
  {
    title: "Batch size",
    description: "Rows of a batch. Small batches at a high rate cost ClickHouse parts.",
    unit: "short",
    prom: quantiles("batch_rows"),
  },
  {
    title: "Batches by trigger",
    description: "Age is normal; rows and bytes mean that a backlog drains.",
    unit: "ops",
    prom: [{ expr: `sum by (trigger) (${rate(consumer("batches_total"))})`, legend: "{{trigger}}" }],
  },
  {
    title: "Insert duration",
    description: "Time of an insert into events_raw. Rises when ClickHouse merges too much or its disk is slow.",
    unit: "s",
    prom: quantiles("insert_duration_seconds"),
  },
  {
    title: "Failed requests to ClickHouse",
    description: "Requests that failed and are repeated, by error code. Nothing is lost; freshness suffers.",
    unit: "ops",
    prom: [{ expr: `sum by (code) (${rate(consumer("store_failures_total"))}) or vector(0)`, legend: "{{code}}" }],
  },
  {
    title: "Rebalances and pauses",
    description: "Rebalances per second, and the share of time in which fetching was paused because buffers were full.",
    unit: "short",
    prom: [
      { expr: `sum(${rate(consumer("rebalances_total"))})`, legend: "rebalances" },
      { expr: `avg(${rate(consumer("paused_seconds_total"))})`, legend: "paused" },
    ],
  },
  {
    title: "Dirty minutes",
    description:
      "Minutes whose rows the view does not show yet. Constant and above 0 without traffic: the view is stuck.",
    unit: "short",
    prom: [{ expr: `max(countinghouse_store_dirty_minutes{${NS}})`, legend: "dirty" }],
  },
];

/** The pipeline at a glance: are the counts right, how far behind, what was refused. */
export const pipelineDashboard: DashboardSpec = {
  uid: "countinghouse-pipeline",
  title: "Countinghouse / Pipeline",
  description: "Are the counts right, how far behind is the pipeline, and what was refused.",
  from: "now-1h",
  refresh: "10s",
  rows: [
    { title: "Proof", panels: proof },
    { title: "Flow", panels: flow },
    { title: "Latency and freshness", panels: time },
    { title: "Refused, repeated, late", panels: refused },
    { title: "Inside the consumer and the views", panels: inside },
    { title: "Workers", panels: workerPanels },
  ],
};
