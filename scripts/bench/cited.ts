/** A figure that others published; it was not measured here, on other machines and with other data. */
export type Cited = { system: string; eventsPerCpuS: number; conditions: string };

/** Per core, as far as the publications allow to tell. */
export const CITED: readonly Cited[] = [
  {
    system: "ClickPipes",
    eventsPerCpuS: 39_000,
    conditions: "63 MB/s of JSON on 1 vCPU, events of 1.6 KB; ClickHouse's own CPU apart",
  },
  {
    system: "clickhouse_sinker",
    eventsPerCpuS: 13_000,
    conditions: "142,000 rows/s on 11 CPUs, JSON of 754 bytes; ClickHouse's own CPU apart",
  },
  {
    system: "GlassFlow",
    eventsPerCpuS: 4_000,
    conditions: "510,000 events/s on 100 or more CPUs, 1.5 KB; docs.glassflow.dev/architecture/performance",
  },
  {
    system: "Flink",
    eventsPerCpuS: 3_000,
    conditions: "45,000 rows/s on 14 CPUs in clickhouse_sinker's comparison, JSON of 754 bytes",
  },
];
