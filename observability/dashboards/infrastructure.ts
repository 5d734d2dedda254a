import { type DashboardSpec, NAMESPACE as NS, type PanelSpec } from "./panels.ts";

const topic = (name: string) => `kafka_server_brokertopicmetrics_${name}_total{${NS},topic!~"__.*"}`;
const rate = (metric: string) => `rate(${metric}[$__rate_interval])`;
const async = (name: string) => `ClickHouseAsyncMetrics_${name}{${NS}}`;
const event = (name: string) => `ClickHouseProfileEvents_${name}{${NS}}`;

const health: PanelSpec[] = [
  {
    title: "Offline partitions",
    description: "Partitions without a leader: neither written nor read. Must be 0.",
    unit: "short",
    kind: "stat",
    width: 6,
    redFrom: 1,
    prom: [{ expr: `sum(kafka_controller_kafkacontroller_offlinepartitionscount{${NS}})` }],
  },
  {
    title: "Under-replicated partitions",
    description: "Partitions with fewer replicas in sync than configured; the next failure may stop or lose them.",
    unit: "short",
    kind: "stat",
    width: 6,
    redFrom: 1,
    prom: [{ expr: `sum(kafka_server_replicamanager_underreplicatedpartitions{${NS}})` }],
  },
  {
    title: "Below the minimum in sync",
    description: "Partitions that refuse writes with acks=all. Must be 0.",
    unit: "short",
    kind: "stat",
    width: 6,
    redFrom: 1,
    prom: [{ expr: `sum(kafka_server_replicamanager_underminisrpartitioncount{${NS}})` }],
  },
  {
    title: "Active controllers",
    description: "Exactly one; 0 for long means that nothing can be elected or created.",
    unit: "short",
    kind: "stat",
    width: 6,
    prom: [{ expr: `sum(kafka_controller_kafkacontroller_activecontrollercount{${NS}})` }],
  },
];

const kafka: PanelSpec[] = [
  {
    title: "Messages in",
    description: "Messages appended, by topic.",
    unit: "eps",
    prom: [{ expr: `sum by (topic) (${rate(topic("messagesin"))})`, legend: "{{topic}}" }],
  },
  {
    title: "Bytes in",
    description: "Bytes appended, by topic, compressed as they travel.",
    unit: "Bps",
    prom: [{ expr: `sum by (topic) (${rate(topic("bytesin"))})`, legend: "{{topic}}" }],
  },
  {
    title: "Bytes out",
    description: "Bytes read by consumers, by topic. More than in: several readers, or something reads again.",
    unit: "Bps",
    prom: [{ expr: `sum by (topic) (${rate(topic("bytesout"))})`, legend: "{{topic}}" }],
  },
  {
    title: "Request time",
    description: "99th percentile of whole requests. Fetches wait for data by design; produce requests must not.",
    unit: "ms",
    prom: [
      {
        expr: `max by (request) (kafka_network_requestmetrics_totaltimems{${NS},quantile="0.99"})`,
        legend: "{{request}}",
      },
    ],
  },
  {
    title: "Log size",
    description: "Bytes on disk, by topic. Grows until retention cuts it.",
    unit: "bytes",
    prom: [{ expr: `sum by (topic) (kafka_log_log_size_bytes{${NS},topic!~"__.*"})`, legend: "{{topic}}" }],
  },
  {
    title: "Idle request handlers",
    description: "Share of time in which the handler threads are idle. Below 0.3 the broker is overloaded.",
    unit: "percentunit",
    prom: [{ expr: `min by (instance) (kafka_server_requesthandler_idle_ratio{${NS}})`, legend: "{{instance}}" }],
  },
  {
    title: "JVM heap",
    description: "Heap in use. A floor that rises after each collection is a leak.",
    unit: "bytes",
    prom: [
      {
        expr: `sum by (instance) (jvm_memory_used_bytes{${NS},area="heap"} and on (instance) kafka_server_replicamanager_leadercount)`,
        legend: "{{instance}}",
      },
    ],
  },
  {
    title: "Failed requests",
    description: "Produce and fetch requests that failed, by topic.",
    unit: "reqps",
    prom: [
      { expr: `sum(${rate(topic("failedproducerequests"))}) or vector(0)`, legend: "produce" },
      { expr: `sum(${rate(topic("failedfetchrequests"))}) or vector(0)`, legend: "fetch" },
    ],
  },
  {
    title: "Changes of the in-sync sets",
    description: "Replicas that fell out of sync or came back. More than restarts explain: slow disks or network.",
    unit: "ops",
    prom: [
      { expr: `sum(${rate(`kafka_server_replicamanager_isrshrinks_total{${NS}}`)})`, legend: "out" },
      { expr: `sum(${rate(`kafka_server_replicamanager_isrexpands_total{${NS}}`)})`, legend: "in" },
    ],
  },
];

const clickhouse: PanelSpec[] = [
  {
    title: "Queries",
    description: "Statements per second; inserts of the consumers are among them.",
    unit: "qps",
    prom: [
      { expr: `sum(${rate(event("Query"))})`, legend: "all" },
      { expr: `sum(${rate(event("SelectQuery"))})`, legend: "selects" },
      { expr: `sum(${rate(event("InsertQuery"))})`, legend: "inserts" },
    ],
  },
  {
    title: "Failed queries",
    description:
      "Statements that ended with an error. A few come with restarts; a steady rate needs a look at the log.",
    unit: "qps",
    prom: [{ expr: `sum(${rate(event("FailedQuery"))}) or vector(0)`, legend: "failed" }],
  },
  {
    title: "Rows inserted",
    description: "Rows written per second, those of the views included.",
    unit: "rowsps",
    prom: [{ expr: `sum(${rate(event("InsertedRows"))})`, legend: "rows" }],
  },
  {
    title: "Parts per partition",
    description: "The fullest partition. Inserts are slowed down from 1000 on and refused from 3000 on.",
    unit: "short",
    prom: [{ expr: `max(${async("MaxPartCountForPartition")})`, legend: "parts" }],
  },
  {
    title: "Running queries and merges",
    description: "What ClickHouse works on at this moment. Merges that never end: parts pile up.",
    unit: "short",
    prom: [
      { expr: `sum(ClickHouseMetrics_Query{${NS}})`, legend: "queries" },
      { expr: `sum(ClickHouseMetrics_Merge{${NS}})`, legend: "merges" },
    ],
  },
  {
    title: "Free disk",
    description: "Share of the disk that is free. Below 0.15 merges may lack room.",
    unit: "percentunit",
    prom: [{ expr: `min(${async("DiskAvailable_default")} / ${async("DiskTotal_default")})`, legend: "free" }],
  },
  {
    title: "Memory",
    description: "Memory tracked by the server. At its limit queries fail with 241.",
    unit: "bytes",
    prom: [{ expr: `sum(ClickHouseMetrics_MemoryTracking{${NS}})`, legend: "tracked" }],
  },
  {
    title: "Rows stored",
    description: "Rows of all MergeTree tables, copies that were not merged yet included.",
    unit: "short",
    prom: [{ expr: `sum(${async("TotalRowsOfMergeTreeTables")})`, legend: "rows" }],
  },
  {
    title: "Bytes stored",
    description: "Compressed bytes of all MergeTree tables.",
    unit: "bytes",
    prom: [{ expr: `sum(${async("TotalBytesOfMergeTreeTables")})`, legend: "bytes" }],
  },
];

/** Kafka by its own metrics, and ClickHouse by its own. */
export const infrastructureDashboard: DashboardSpec = {
  uid: "countinghouse-infrastructure",
  title: "Countinghouse / Kafka & ClickHouse",
  description: "What the pipeline stands on, by Kafka's and ClickHouse's own metrics.",
  from: "now-1h",
  refresh: "30s",
  rows: [
    { title: "Kafka's health", panels: health },
    { title: "Kafka", panels: kafka },
    { title: "ClickHouse", panels: clickhouse },
  ],
};
