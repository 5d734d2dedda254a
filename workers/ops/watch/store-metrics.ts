import { Gauge, type Registry } from "prom-client";
import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { Clock } from "../../shared/runtime/clock.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import { lakeState } from "../lake/metrics-file.ts";

/** Scrapes that follow each other faster than this share one reading, ms. */
const REUSE_MS = 4_000;
const TIMEOUT_MS = 8_000;
/** Newest event times are looked for this far back, s; older ones are known to the minute only. */
const NEAR_S = 900;

/** What only the store knows: freshness, the state of the views and of the lakes. Read when it is scraped. */
export function addStoreMetrics(registry: Registry, deps: { clickhouse: ClickHouse; clock: Clock }): void {
  const registers = [registry];
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  const refresh = async () => {
    if (deps.clock.now() - readAtMs < REUSE_MS) return;
    reading ??= read().finally(() => {
      readAtMs = deps.clock.now();
      reading = undefined;
    });
    await reading;
  };
  // All of a scrape wait for the same reading, whichever is asked first.
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `countinghouse_${name}`, help, labelNames, registers, collect: refresh });
  const up = gauge(
    "store_up",
    "1 while ClickHouse answers the questions behind the metrics of store and lake; 0: they are out of date",
  );
  const newest = gauge(
    "store_newest_event_timestamp_seconds",
    "Event time of the newest stored event that is not in the future, Unix seconds; time() less this is freshness",
  );
  const dirty = gauge(
    "store_dirty_minutes",
    "Minutes with rows that events_per_minute does not show yet; a few under load, many during a backfill, constant means that the view is stuck",
  );
  const refreshed = gauge(
    "store_view_refresh_timestamp_seconds",
    "When a view was last recomputed with success, Unix seconds; standing still means stale figures",
    ["view"],
  );
  const took = gauge(
    "store_view_refresh_duration_seconds",
    "How long the last recomputation took; rises with the minutes touched at once",
    ["view"],
  );
  const failing = gauge(
    "store_view_failing",
    "1 while the last recomputation of a view failed; system.view_refreshes has the exception",
    ["view"],
  );
  const pending = gauge(
    "lake_pending_hours",
    "Hours the store knows more about than the lake; falls with each export",
    ["lake"],
  );
  const oldest = gauge(
    "lake_oldest_pending_seconds",
    "How long the longest waiting of them has been unchanged; above the export's schedule it is late",
    ["lake"],
  );
  const exported = gauge(
    "lake_last_export_timestamp_seconds",
    "When an export last ended with nothing left to do, Unix seconds; 0 for never",
    ["lake"],
  );

  async function read(): Promise<void> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const [newestS, dirtyMinutes, views, lakes] = await Promise.all([
        readNewest(deps.clickhouse, signal),
        readDirty(deps.clickhouse, signal),
        readViews(deps.clickhouse, signal),
        readLakes(deps.clickhouse, signal),
      ]);
      if (newestS !== undefined) newest.set(newestS);
      dirty.set(dirtyMinutes);
      for (const { view, last, ms, broken } of views) {
        refreshed.set({ view }, last);
        took.set({ view }, Number(ms) / 1000);
        failing.set({ view }, broken);
      }
      for (const [lake, state] of lakes) {
        pending.set({ lake }, state.pendingHours);
        oldest.set({ lake }, state.oldestPendingSeconds);
        exported.set({ lake }, state.lastExportS);
      }
      up.set(1);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      up.set(0);
    }
  }
}

async function readNewest(clickhouse: ClickHouse, signal: AbortSignal): Promise<number | undefined> {
  const [near] = await clickhouse.query<{ n: string; ms: string }>(
    `SELECT count() AS n, toUnixTimestamp64Milli(max(event_time)) AS ms FROM events_raw
     WHERE event_time >= now64(3, 'UTC') - INTERVAL ${NEAR_S} SECOND AND event_time <= now64(3, 'UTC')`,
    { signal },
  );
  if (near !== undefined && near.n !== "0") return Number(near.ms) / 1000;
  const [far] = await clickhouse.query<{ n: string; s: number }>(
    "SELECT count() AS n, toUnixTimestamp(max(event_minute)) AS s FROM minute_marks WHERE event_minute <= now('UTC')",
    { signal },
  );
  return far === undefined || far.n === "0" ? undefined : far.s;
}

async function readDirty(clickhouse: ClickHouse, signal: AbortSignal): Promise<number> {
  const [row] = await clickhouse.query<{ n: string }>(
    `SELECT count() AS n FROM
       (SELECT event_minute, sum(rows_marked) AS marked FROM minute_marks
        WHERE event_minute >= (SELECT complete_since FROM raw_horizon) GROUP BY event_minute) AS marks
     LEFT JOIN
       (SELECT event_minute, max(rows_marked) AS recorded FROM events_per_minute_store
        WHERE source = '' AND event_type = '' GROUP BY event_minute) AS heads USING (event_minute)
     WHERE marked != recorded`,
    { signal },
  );
  return Number(row?.n ?? 0);
}

type ViewRow = { view: string; last: number; ms: string; broken: number };

function readViews(clickhouse: ClickHouse, signal: AbortSignal): Promise<ViewRow[]> {
  return clickhouse.query<ViewRow>(
    `SELECT view, toUnixTimestamp(ifNull(last_success_time, toDateTime(0))) AS last,
       ifNull(last_success_duration_ms, 0) AS ms, toUInt8(exception != '') AS broken
     FROM system.view_refreshes WHERE database = currentDatabase() ORDER BY view`,
    { signal },
  );
}

async function readLakes(clickhouse: ClickHouse, signal: AbortSignal) {
  const lakes = await clickhouse.query<{ lake: string }>("SELECT DISTINCT lake FROM lake_runs ORDER BY lake LIMIT 20", {
    signal,
  });
  return Promise.all(lakes.map(async ({ lake }) => [lake, await lakeState(clickhouse, lake)] as const));
}
