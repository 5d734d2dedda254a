import { rename, writeFile } from "node:fs/promises";
import { Gauge, Registry } from "prom-client";
import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { AppError, errorMessage } from "../../shared/runtime/errors.ts";
import type { Difference } from "./compare.ts";
import type { LakeVerdict } from "./verify.ts";

/** What is true of a lake whether or not files were read: from the records alone. */
export type LakeState = {
  pendingHours: number;
  /** How long the hour that waits longest has been unchanged, seconds; 0 when none waits. */
  oldestPendingSeconds: number;
  /** Unix seconds; 0 for never. */
  lastExportS: number;
};

/** Reads the state of a lake from its records. */
export async function lakeState(clickhouse: ClickHouse, lake: string): Promise<LakeState> {
  const rows = await clickhouse.query<{ hours: string; oldest: string; last: string }>(
    `SELECT
  (SELECT count() FROM lake_pending WHERE lake = {lake:String}) AS hours,
  (SELECT max(dateDiff('second', touched_at, now64(3, 'UTC'))) FROM lake_pending WHERE lake = {lake:String} AND touched_at > 0) AS oldest,
  (SELECT toUnixTimestamp(max(finished_at)) FROM lake_runs WHERE lake = {lake:String} AND command = 'export' AND outcome = 0) AS last`,
    { params: { lake } },
  );
  const row = rows[0];
  return {
    pendingHours: Number(row?.hours ?? 0),
    oldestPendingSeconds: Math.max(0, Number(row?.oldest ?? 0)),
    lastExportS: Number(row?.last ?? 0),
  };
}

/** The state, and what a verification found, in Prometheus' text format. */
export async function renderMetrics(
  state: LakeState,
  verdict?: { found: LakeVerdict; counted: readonly Difference[]; atMs: number },
): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number) =>
    new Gauge({ name: `countinghouse_lake_${name}`, help, registers: [registry] }).set(value);
  gauge("pending_hours", "Hours the store knows more about than the lake.", state.pendingHours);
  gauge(
    "oldest_pending_seconds",
    "How long the longest waiting of them has been unchanged.",
    state.oldestPendingSeconds,
  );
  gauge("last_export_timestamp_seconds", "When an export last ended with nothing left to do.", state.lastExportS);
  if (verdict !== undefined) {
    const { found, counted, atMs } = verdict;
    const differing = new Gauge({
      name: "countinghouse_lake_differing_files",
      help: "Findings of the last verification that were not allowed to wait for the next export, by kind.",
      labelNames: ["kind"],
      registers: [registry],
    });
    for (const kind of ["missing", "differs", "orphan", "unreadable", "foreign"] as const) {
      const count = counted.filter((difference) => difference.kind === kind).length;
      differing.set({ kind }, count);
    }
    gauge("verified_files", "Files read and compared by the last verification.", found.files);
    gauge("verified_events", "Events in them.", found.events);
    gauge("verified_timestamp_seconds", "When the last verification ended.", atMs / 1000);
  }
  return registry.metrics();
}

/**
 * Writes a file for the node exporter's textfile collector: whole or not at all.
 * @throws AppError `METRICS_FILE` when it cannot be written.
 */
export async function writeMetricsFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  } catch (cause) {
    const next = "name a file in a directory that exists and may be written";
    throw new AppError("METRICS_FILE", `--metrics-file: ${errorMessage(cause)}`, { retry: false, cause, next });
  }
}
