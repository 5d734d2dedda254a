import { Counter, Histogram, Registry } from "prom-client";
import { addProcessMetrics } from "../shared/runtime/process-metrics.ts";

/** The console's metrics in a registry of their own. */
export type ConsoleMetrics = ReturnType<typeof createConsoleMetrics>;

export function createConsoleMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const metrics = {
    registry,
    requests: new Counter({
      name: "countinghouse_console_http_requests_total",
      help: "Requests answered, by route and status; 5xx say that ClickHouse or Kafka does not answer",
      labelNames: ["route", "status"] as const,
      registers,
    }),
    requestSeconds: new Histogram({
      name: "countinghouse_console_http_request_duration_seconds",
      help: "Time to answer, by route; rises with slow queries",
      labelNames: ["route"] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    querySeconds: new Histogram({
      name: "countinghouse_console_query_duration_seconds",
      help: "Time of a ClickHouse query, by its name; compare with QUERY_TIMEOUT_SECONDS",
      labelNames: ["query"] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    queryFailures: new Counter({
      name: "countinghouse_console_query_failures_total",
      help: "Queries that failed, by the server's code; none: no answer",
      labelNames: ["query", "code"] as const,
      registers,
    }),
    alerts: new Counter({
      name: "countinghouse_console_alerts_received_total",
      help: "Alerts received from Alertmanager, by status; firing that rises without resolved is an open incident",
      labelNames: ["status"] as const,
      registers,
    }),
    replays: new Counter({
      name: "countinghouse_console_dead_letters_replayed_total",
      help: "Dead letters put back through the console, by outcome",
      labelNames: ["outcome"] as const,
      registers,
    }),
    denied: new Counter({
      name: "countinghouse_console_denied_requests_total",
      help: "Requests refused for want of a valid token or for coming from another site",
      labelNames: ["reason"] as const,
      registers,
    }),
  };
  addProcessMetrics(registry, "console");
  return metrics;
}
