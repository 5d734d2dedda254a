/**
 * `make bench-scale`: what refreshes and queries cost as the store grows while the same minutes are touched, and how fresh
 * the present stays during a backfill. A measurement, not a test: it exits 0 whatever the figures. 100 million events take
 * about 15 GB of TMPDIR and half an hour on 2 cores; SCALE_STEPS=1000000,10000000 takes minutes.
 */
import { z } from "zod";
import type { ClickHouse } from "../../workers/shared/clickhouse/client.ts";
import { envInt, loadConfig } from "../../workers/shared/runtime/config.ts";
import { describeMachine, quantile } from "../testkit/process/process-stats.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import { QuietEngine } from "./quiet-engine.ts";
import { refreshSelect } from "./refresh-sql.ts";
import { saveResult } from "./save-result.ts";
import { fill, isComputed } from "./scale-fill.ts";
import { whileLive } from "./scale-freshness.ts";

const config = loadConfig(
  z.object({
    SCALE_STEPS: z
      .string()
      .regex(/^\d+(,\d+)*$/)
      .prefault("1000000,10000000,100000000"),
    SCALE_BACKFILL: envInt(0, 1_000_000_000).prefault("10000000"),
    SCALE_LIVE_RATE: envInt(1, 100_000).prefault("2000"),
  }),
  process.env,
);

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const now = Date.now();
/** The same at every size: 5 minutes of 60,000 events, yesterday at noon. */
const touched = { from: Math.floor(now / DAY) * DAY - DAY / 2, minutes: 5, rowsPerMinute: 60_000 };
/** The rest of the events lies in the 20 days before, and around the touched minutes in their own day. */
const history = { fromMs: touched.from - 20 * DAY, toMs: touched.from - MINUTE };

const QUERIES: readonly (readonly [name: string, sql: string])[] = [
  ["events: count of everything", "SELECT count() FROM events"],
  [
    "events: one hour by type",
    `SELECT event_type, count() FROM events WHERE event_time >= fromUnixTimestamp64Milli(${touched.from - 60 * MINUTE}) AND event_time < fromUnixTimestamp64Milli(${touched.from}) GROUP BY event_type`,
  ],
  ["events_raw FINAL: sum over everything", "SELECT sum(amount) FROM events_raw FINAL"],
  ["events_raw without FINAL: the same", "SELECT sum(amount) FROM events_raw"],
  [
    "events_per_minute: one hour",
    `SELECT event_minute, sum(events) FROM events_per_minute WHERE event_minute >= ${touched.from / 1000 - 3600} GROUP BY event_minute`,
  ],
  ["events_per_minute: everything", "SELECT sum(events) FROM events_per_minute"],
  ["events_per_hour: everything", "SELECT event_hour, sum(events) FROM events_per_hour GROUP BY event_hour"],
  ["business_per_hour", "SELECT * FROM business_per_hour"],
  ["revenue_per_hour", "SELECT * FROM revenue_per_hour"],
  ["business_rolling_24h: newest", "SELECT * FROM business_rolling_24h ORDER BY window_end DESC LIMIT 1"],
  ["business_daily", "SELECT * FROM business_daily"],
  ["duplicates_per_minute", "SELECT sum(duplicates) FROM duplicates_per_minute"],
  ["offsets_received", "SELECT * FROM offsets_received"],
  ["conflicts", "SELECT * FROM conflicts"],
  ["event_index: one id", "SELECT * FROM event_index WHERE event_id = (SELECT event_id FROM events_raw LIMIT 1)"],
];

type StepResult = {
  events: number;
  /** The touched minutes recomputed, ms. */
  minuteRefreshMs: number;
  minuteRefreshCpuMs: number;
  /** The touched hour rolled up. */
  hourRefreshCpuMs: number;
  /** Looking for dirty minutes when there are none. */
  searchCpuMs: number;
};
const round = (value: number) => Math.round(value * 10) / 10;

async function computed(clickhouse: ClickHouse, engine: QuietEngine): Promise<void> {
  await engine.refresh(clickhouse, true);
  const what = { timeoutMs: 3_600_000, intervalMs: 2_000, describe: "every minute and hour to be computed" };
  await waitFor(() => isComputed(clickhouse), what);
  // Minutes that were touched within the last second before their computation are computed once more.
  await Bun.sleep(5_000);
  await engine.settle(clickhouse);
  await engine.refresh(clickhouse, false);
}

async function measureRefresh(engine: QuietEngine, clickhouse: ClickHouse, events: number): Promise<StepResult> {
  const minute = `SELECT * FROM (${await refreshSelect(clickhouse, "events_per_minute_refresh")}) FORMAT Null`;
  const idle = await engine.cost(clickhouse, minute, 5);
  await clickhouse.command(
    `INSERT INTO minute_marks SELECT toDateTime(${touched.from / 1000} + 60 * number, 'UTC'), 1, now64(3, 'UTC') FROM numbers(${touched.minutes})`,
    { settings: { async_insert: 0 } },
  );
  // Longer than any pause of theirs, so that all are due.
  await Bun.sleep(3_000);
  const busy = await engine.cost(clickhouse, minute, 7);
  await clickhouse.command(
    `INSERT INTO events_per_minute_store ${await refreshSelect(clickhouse, "events_per_minute_refresh")}`,
  );
  await Bun.sleep(3_000);
  const hour = `SELECT * FROM (${await refreshSelect(clickhouse, "events_per_hour_refresh")}) FORMAT Null`;
  const hours = await engine.cost(clickhouse, hour, 5);
  return {
    events,
    minuteRefreshMs: round(busy.wallMs),
    minuteRefreshCpuMs: round(busy.cpuMs),
    hourRefreshCpuMs: round(hours.cpuMs),
    searchCpuMs: round(idle.cpuMs),
  };
}

async function measureQueries(engine: QuietEngine, clickhouse: ClickHouse): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [name, sql] of QUERIES) {
    found[name] = round((await engine.cost(clickhouse, `SELECT * FROM (${sql}) FORMAT Null`, 2)).wallMs);
  }
  return found;
}

async function backfill(clickhouse: ClickHouse, first: number): Promise<Record<string, unknown>> {
  const days = { fromMs: history.fromMs - 5 * DAY, toMs: history.fromMs - MINUTE };
  const probes = async (work: () => Promise<void>) => {
    const { minuteViewMs, busyMinuteAgeMs } = await whileLive(clickhouse, config.SCALE_LIVE_RATE, work);
    const p = (sample: number[], q: number) => Math.round(quantile(sample, q));
    return {
      "minute view p50 ms": p(minuteViewMs, 0.5),
      "minute view p99 ms": p(minuteViewMs, 0.99),
      "busy minute's age p50 ms": p(busyMinuteAgeMs, 0.5),
      "busy minute's age p99 ms": p(busyMinuteAgeMs, 0.99),
    };
  };
  const alone = await probes(() => Bun.sleep(30_000));
  const began = performance.now();
  let fillSeconds = 0;
  const during = await probes(async () => {
    await fill(clickhouse, { first, rows: config.SCALE_BACKFILL, ...days, partition: 98 }, 20_000);
    fillSeconds = (performance.now() - began) / 1000;
  });
  await waitFor(() => isComputed(clickhouse), {
    timeoutMs: 3_600_000,
    intervalMs: 500,
    describe: "the backfill in the views",
  });
  return {
    rows: config.SCALE_BACKFILL,
    live: config.SCALE_LIVE_RATE,
    "rows/s": Math.round(config.SCALE_BACKFILL / fillSeconds),
    "all views exact after s": round((performance.now() - began) / 1000),
    alone,
    during,
  };
}

console.log(`Machine: ${describeMachine()}`);
const engine = await QuietEngine.start();
const report: {
  machine: string;
  steps: unknown[];
  queries: Record<string, unknown>;
  backfill?: unknown;
  ratio?: number;
} = {
  machine: describeMachine(),
  steps: [],
  queries: {},
};
try {
  const clickhouse = await engine.database("scale");
  const inTouched = touched.minutes * touched.rowsPerMinute;
  const touchedRange = { fromMs: touched.from, toMs: touched.from + touched.minutes * MINUTE, partition: 7 };
  await fill(clickhouse, { first: 0, rows: inTouched, ...touchedRange }, 20_000);
  let events = inTouched;
  const steps: StepResult[] = [];
  for (const [i, size] of config.SCALE_STEPS.split(",").map(Number).entries()) {
    await fill(clickhouse, { first: events, rows: size - events, ...history, partition: i });
    events = size;
    await computed(clickhouse, engine);
    const step = await measureRefresh(engine, clickhouse, size);
    steps.push(step);
    report.steps = steps;
    report.ratio = Math.round((step.minuteRefreshCpuMs / (steps[0]?.minuteRefreshCpuMs ?? Number.NaN)) * 100) / 100;
    console.log(Bun.inspect.table(steps));
    report.queries[size] = await measureQueries(engine, clickhouse);
    console.log(`queries, ms: ${JSON.stringify(report.queries[size], null, 2)}`);
    await saveResult("scale", report);
  }
  console.log(`CPU to refresh the same minutes, last size to first: ${report.ratio} (target ≤ 1.3)`);
  if (config.SCALE_BACKFILL > 0) {
    await engine.refresh(clickhouse, true);
    report.backfill = await backfill(clickhouse, events);
    console.log(`backfill: ${JSON.stringify(report.backfill, null, 2)}`);
  }
  await saveResult("scale", report);
} finally {
  await engine.stop();
}
process.exit(0);
