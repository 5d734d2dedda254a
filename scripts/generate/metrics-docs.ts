/**
 * Writes docs/metrics.md from the workers' metrics, the recording rules and the alerts. With `--check` it writes nothing
 * and exits 1 if the file differs.
 */
import { join } from "node:path";
import type { Registry } from "prom-client";
import { createConsoleMetrics } from "../../workers/console/metrics.ts";
import { createConsumerMetrics } from "../../workers/consumer/metrics.ts";
import { createWatchMetrics } from "../../workers/ops/watch/metrics.ts";
import { addStoreMetrics } from "../../workers/ops/watch/store-metrics.ts";
import { createMetrics as createProducerMetrics } from "../../workers/producer/metrics.ts";
import { createClickHouse } from "../../workers/shared/clickhouse/client.ts";
import { loadRules } from "../observability/rules.ts";
import { writeOrCheck } from "./drift.ts";

type Metric = { name: string; help: string; type: string; labelNames?: readonly string[]; buckets?: readonly number[] };

const OWN = /^countinghouse_/;

/** The metrics of a registry by name; those of the process are the same everywhere and described once. */
function ownMetrics(registry: Registry): Metric[] {
  return registry
    .getMetricsAsArray()
    .map((metric) => metric as unknown as Metric & { upperBounds?: number[] })
    .filter(({ name }) => OWN.test(name))
    .map(({ name, help, type, labelNames = [], upperBounds }) => ({
      name,
      help,
      type,
      labelNames: labelNames.filter((label) => label !== "le"),
      ...(upperBounds ? { buckets: upperBounds } : {}),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function table(metrics: readonly Metric[]): string {
  const rows = metrics.map(({ name, help, type, labelNames = [], buckets }) => {
    const bounds = buckets === undefined ? "" : ` Buckets: ${buckets.join(", ")}.`;
    return `| \`${name}\` | ${type} | ${labelNames.map((label) => `\`${label}\``).join(", ")} | ${help.replaceAll("|", "\\|")}.${bounds} |`;
  });
  return ["| metric | type | labels | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

const watch = createWatchMetrics();
const nowhere = createClickHouse({
  CLICKHOUSE_URL: "http://127.0.0.1:1",
  CLICKHOUSE_USER: "",
  CLICKHOUSE_PASSWORD: "",
  CLICKHOUSE_DATABASE: "x",
  CLICKHOUSE_TIMEOUT_MS: 1_000,
});
addStoreMetrics(watch.registry, { clickhouse: nowhere, clock: { now: () => 0 } });

const registries: [string, string, Registry][] = [
  [
    "producer",
    "Simulators, files and the ingest API.",
    createProducerMetrics({ fill: () => ({ events: 0, bytes: 0 }), held: () => 0 }).registry,
  ],
  ["consumer", "Kafka to ClickHouse.", createConsumerMetrics().registry],
  [
    "ops verify --watch",
    "The proof as a service; also what only the store knows: freshness, views, lakes.",
    watch.registry,
  ],
  ["console", "The web page and its API.", createConsoleMetrics().registry],
];

const rules = await loadRules(join(import.meta.dir, "../../observability/rules/countinghouse-rules.yaml"));
const sections = registries.map(([name, text, registry]) => `## ${name}\n\n${text}\n\n${table(ownMetrics(registry))}`);
const cell = (text: string) => text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").trim();

const text = `# Metrics

Generated from the code by \`make generate\`; \`make lint\` fails when this page is out of date.

Every worker serves its metrics at \`/metrics\` of its health port (\`HEALTH_PORT\`). Names start with \`countinghouse_\`, units are
seconds, bytes and rows, labels have few values each. Besides its own, each worker exports its process (\`process_*\`: start
time, CPU, memory, file descriptors) and its runtime (\`nodejs_*\`). Kafka's own metrics come from the JMX exporter
(\`kafka_*\`, \`jvm_*\`; rules in \`k8s/kafka/metrics.yaml\`), ClickHouse's from its endpoint (\`ClickHouseMetrics_*\`,
\`ClickHouseProfileEvents_*\`, \`ClickHouseAsyncMetrics_*\`). The local engine serves the same names at \`/metrics\` of its port, of
the asynchronous ones only those that rules and dashboards use.

${sections.join("\n\n")}

## Recording rules

| name | expression |
|---|---|
${rules.recording.map(({ name, expr }) => `| \`${name}\` | \`${cell(expr)}\` |`).join("\n")}

## Alerts

How to look, fix and prove it fixed: [runbook.md](runbook.md). How they reach someone: [alerting.md](alerting.md).

| alert | severity | fires when | for |
|---|---|---|---|
${rules.alerts.map(({ name, severity, expr, hold }) => `| [${name}](runbook.md#${name.toLowerCase()}) | ${severity} | \`${cell(expr)}\` | ${hold} |`).join("\n")}
`;
process.exitCode = await writeOrCheck({ "docs/metrics.md": text });
