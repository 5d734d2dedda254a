import type { Outcome } from "./sessions.ts";

/** Runs a SELECT and returns its result as tab-separated text. */
export type Ask = (sql: string) => Promise<Outcome>;

/**
 * One row a metric: name, type, value. The names are those of a ClickHouse server's own endpoint. The embedded engine has
 * no system.asynchronous_metrics, so the few of them that dashboards and alerts use are computed here.
 */
const SQL = `
SELECT concat('ClickHouseMetrics_', metric) AS name, 'gauge' AS type, toFloat64(value) AS value FROM system.metrics
UNION ALL
SELECT concat('ClickHouseProfileEvents_', event), 'counter', toFloat64(value) FROM system.events
UNION ALL
SELECT concat('ClickHouseAsyncMetrics_DiskAvailable_', name), 'gauge', toFloat64(free_space) FROM system.disks
UNION ALL
SELECT concat('ClickHouseAsyncMetrics_DiskTotal_', name), 'gauge', toFloat64(total_space) FROM system.disks
UNION ALL
SELECT 'ClickHouseAsyncMetrics_Uptime', 'gauge', toFloat64(uptime())
UNION ALL
SELECT 'ClickHouseAsyncMetrics_MaxPartCountForPartition', 'gauge', toFloat64(max(parts))
FROM (SELECT count() AS parts FROM system.parts WHERE active GROUP BY database, table, partition)
UNION ALL
SELECT concat('ClickHouseAsyncMetrics_Total', entry.1, 'OfMergeTreeTables'), 'gauge', toFloat64(entry.2)
FROM
(
    SELECT arrayJoin([('Parts', count()), ('Rows', sum(rows)), ('Bytes', sum(bytes_on_disk))]) AS entry
    FROM system.parts WHERE active
)`;

/** The engine's metrics in Prometheus' text format. */
export async function renderMetrics(ask: Ask): Promise<string> {
  const { bytes } = await ask(SQL);
  const lines = new TextDecoder().decode(bytes).trim().split("\n");
  const samples = lines.map((line) => line.split("\t")).sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return samples.map(([name, type, value]) => `# TYPE ${name} ${type}\n${name} ${value}\n`).join("");
}
