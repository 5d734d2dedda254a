import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { addProcessMetrics } from "../shared/runtime/process-metrics.ts";
import type { Outcome, Outgoing } from "./send/outgoing.ts";
import type { Fill } from "./send/send-queue.ts";

/** The producer's metrics in a registry of their own. */
export type ProducerMetrics = ReturnType<typeof createMetrics>;

/** What is read at scrape time. */
export type MetricSources = {
  fill: () => Fill;
  /** Events of the simulator that wait to be sent late. */
  held: () => number;
};

/** Creates the metrics; `sources` are asked at each scrape. */
export function createMetrics(sources: MetricSources) {
  const registry = new Registry();
  const registers = [registry];
  const own = {
    registry,
    produced: new Counter({
      name: "countinghouse_producer_messages_total",
      help: "Messages taken from the source, by kind; stops rising when the source is paused because Kafka is slow or gone",
      labelNames: ["kind"] as const,
      registers,
    }),
    settled: new Counter({
      name: "countinghouse_producer_settled_messages_total",
      help: "Messages whose fate is known; refused and unsent are not in Kafka, unknown may be: all three need a look at the log",
      labelNames: ["kind", "outcome"] as const,
      registers,
    }),
    sentBytes: new Counter({
      name: "countinghouse_producer_acknowledged_bytes_total",
      help: "Bytes of keys and values Kafka has acknowledged, before compression",
      registers,
    }),
    sendSeconds: new Histogram({
      name: "countinghouse_producer_send_duration_seconds",
      help: "Time from a request to its acknowledgement with all retries; rises when the brokers are slow or gone",
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    sendFailures: new Counter({
      name: "countinghouse_producer_send_failures_total",
      help: "Attempts to send that failed and were repeated; each may have left duplicates in the topic",
      registers,
    }),
    ledgerRecords: new Counter({
      name: "countinghouse_producer_ledger_records_total",
      help: "Ledger records published; a simulating producer that stops raising it cannot be verified",
      registers,
    }),
    httpRequests: new Counter({
      name: "countinghouse_producer_http_requests_total",
      help: "Requests to the ingest API by status; 429 and 503 say that clients have to wait",
      labelNames: ["status"] as const,
      registers,
    }),
    rejected: new Counter({
      name: "countinghouse_producer_rejected_events_total",
      help: "Events the ingest API or the file source refused before Kafka, by class",
      labelNames: ["error_class"] as const,
      registers,
    }),
  };
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge(
    "countinghouse_producer_buffer_messages",
    "Messages neither acknowledged nor given up; rises while Kafka takes less than the source gives",
    () => sources.fill().events,
  );
  gauge(
    "countinghouse_producer_buffer_bytes",
    "Bytes of these messages; at its bound the source is paused",
    () => sources.fill().bytes,
  );
  gauge(
    "countinghouse_producer_held_events",
    "Simulated events held back to be sent late; level at a steady rate",
    sources.held,
  );
  addProcessMetrics(registry, "producer");
  // Alerts on rates need the series to exist before the first failure.
  for (const kind of ["event", "resend", "malformed"] as const) {
    own.produced.inc({ kind }, 0);
    for (const outcome of ["acknowledged", "refused", "unknown", "unsent"] as const)
      own.settled.inc({ kind, outcome }, 0);
  }
  return own;
}

/** Counts the fate of a batch; one pass, as it is on the hot path. */
export function countSettled(metrics: ProducerMetrics, messages: readonly Outgoing[], outcome: Outcome): void {
  const kinds = { event: 0, resend: 0, malformed: 0 };
  let bytes = 0;
  for (const message of messages) {
    kinds[message.kind]++;
    bytes += message.sizeBytes;
  }
  for (const kind of ["event", "resend", "malformed"] as const) {
    if (kinds[kind] > 0) metrics.settled.inc({ kind, outcome }, kinds[kind]);
  }
  if (outcome === "acknowledged") metrics.sentBytes.inc(bytes);
}
