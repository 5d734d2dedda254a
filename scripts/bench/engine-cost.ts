/**
 * `make bench-engine-cost`: where the engine's CPU goes when it stores the consumer's blocks, by elimination: the same
 * blocks into tables and views added one after the other. CPU-µs per event of the engine process, merges apart. A
 * measurement, not a test: it exits 0 whatever the figures.
 */
import { z } from "zod";
import type { ClickHouse, Settings } from "../../workers/shared/clickhouse/client.ts";
import { EVENTS_RAW_COLUMNS, EVENTS_RAW_TABLE } from "../../workers/shared/clickhouse/tables/events-raw.ts";
import { envInt, loadConfig } from "../../workers/shared/runtime/config.ts";
import { describeMachine } from "../testkit/process/process-stats.ts";
import { eventBlocks, type PreparedBlock } from "./event-blocks.ts";
import { QuietEngine } from "./quiet-engine.ts";
import { refreshSelect } from "./refresh-sql.ts";
import { saveResult } from "./save-result.ts";

const config = loadConfig(
  z.object({
    ENGINE_COST_ROWS: envInt(10_000, 10_000_000).prefault("400000"),
    ENGINE_COST_ROUNDS: envInt(1, 100).prefault("3"),
  }),
  process.env,
);

const VIEWS = ["minute_marks_on_insert", "received_offsets_on_insert", "event_index_on_insert"] as const;
const TABLES = ["events_raw", "minute_marks", "received_offsets", "event_index"] as const;

type Step = {
  name: string;
  views: readonly (typeof VIEWS)[number][];
  /** Changes the DDL of events_raw. */
  edit?: (ddl: string) => string;
  settings?: Settings;
};

const withoutCodecs = (ddl: string) => ddl.replace(/ CODEC\(.*\)(,?)$/gm, "$1");
const withEngine = (engine: string) => (ddl: string) => ddl.replace(/^ENGINE[\s\S]*/m, `ENGINE = ${engine}`);

/** Each adds one thing to the one before. */
const STEPS: readonly Step[] = [
  { name: "received and parsed only", views: [], edit: (ddl) => withEngine("Null")(withoutCodecs(ddl)) },
  { name: "plain table", views: [], edit: (ddl) => withEngine("MergeTree ORDER BY tuple()")(withoutCodecs(ddl)) },
  { name: "+ ZSTD codecs", views: [], edit: withEngine("MergeTree ORDER BY tuple()") },
  { name: "+ sorting key, day, version: events_raw", views: [] },
  { name: "… with optimize_on_insert=1", views: [], settings: { optimize_on_insert: 1 } },
  { name: "… with LZ4 instead of ZSTD", views: [], edit: withoutCodecs },
  { name: "events_raw + minute_marks", views: [VIEWS[0]] },
  { name: "+ received_offsets", views: [VIEWS[0], VIEWS[1]] },
  { name: "+ event_index: all", views: VIEWS },
];

type Cost = { insert: number; merge: number };

async function measure(engine: QuietEngine, name: string, step: Step, blocks: readonly PreparedBlock[]): Promise<Cost> {
  const clickhouse = await engine.database(name);
  for (const view of VIEWS) if (!step.views.includes(view)) await clickhouse.command(`DROP VIEW ${view}`);
  if (step.edit) await recreate(clickhouse, step.edit);
  const mergeable = step.edit?.name === "Null" ? [] : TABLES;
  for (const table of mergeable) await clickhouse.command(`SYSTEM STOP MERGES ${table}`);
  await engine.settle(clickhouse);
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const before = engine.cpu();
  const options = step.settings ? { settings: step.settings } : {};
  for (const block of blocks) await clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, block, options);
  const inserted = engine.cpu();
  for (const table of mergeable) await clickhouse.command(`SYSTEM START MERGES ${table}`);
  await engine.settle(clickhouse);
  const merged = engine.cpu();
  await clickhouse.command(`DROP DATABASE ${name} SYNC`);
  return { insert: ((inserted - before) / rows) * 1e6, merge: ((merged - inserted) / rows) * 1e6 };
}

async function recreate(clickhouse: ClickHouse, edit: (ddl: string) => string): Promise<void> {
  const [table] = await clickhouse.query<{ ddl: string }>(
    "SELECT formatQuery(create_table_query) AS ddl FROM system.tables WHERE database = currentDatabase() AND name = 'events_raw'",
  );
  await clickhouse.command("DROP TABLE events_raw SYNC");
  await clickhouse.command(edit(table?.ddl ?? ""));
}

async function steps(engine: QuietEngine, blocks: readonly PreparedBlock[]): Promise<void> {
  const costs = STEPS.map((): Cost => ({ insert: Number.POSITIVE_INFINITY, merge: Number.POSITIVE_INFINITY }));
  for (let round = 0; round < config.ENGINE_COST_ROUNDS; round++) {
    for (const [i, step] of STEPS.entries()) {
      const cost = await measure(engine, `step_${round}_${i}`, step, blocks);
      const best = costs[i];
      if (best) costs[i] = { insert: Math.min(best.insert, cost.insert), merge: Math.min(best.merge, cost.merge) };
    }
  }
  report(
    "20,000 rows a block: CPU-µs/event, least of the rounds",
    STEPS.map(({ name }, i) => ({ step: name, ...costs[i] })),
  );
}

/** Every insert costs the same before its first row: what that is at several sizes. */
async function sizes(engine: QuietEngine): Promise<void> {
  const found: Record<string, unknown>[] = [];
  for (const rowsPerBlock of [500, 2_000, 5_000, 20_000, 100_000]) {
    const rows = Math.min(config.ENGINE_COST_ROWS, rowsPerBlock * 200);
    const blocks = [...eventBlocks({ rows, rowsPerBlock, ratePerSecond: 5_000, startTimeMs: start })];
    const cost = await measure(engine, `size_${rowsPerBlock}`, { name: "all", views: VIEWS }, blocks);
    found.push({ rowsPerBlock, ...cost, insertMs: (cost.insert * rowsPerBlock) / 1000 });
  }
  report("All views, by rows of a block: CPU-µs/event, and CPU-ms of one insert", found);
}

/** What a recomputation costs, and what looking for work costs when there is none. */
async function refreshes(engine: QuietEngine, blocks: readonly PreparedBlock[]): Promise<void> {
  const clickhouse = await engine.database("refreshes");
  const minute = `SELECT * FROM (${await refreshSelect(clickhouse, "events_per_minute_refresh")}) FORMAT Null`;
  const hour = `SELECT * FROM (${await refreshSelect(clickhouse, "events_per_hour_refresh")}) FORMAT Null`;
  await engine.settle(clickhouse);
  const nothing = [await engine.cost(clickhouse, minute, 10), await engine.cost(clickhouse, hour, 10)];
  for (const block of blocks) await clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, block);
  await engine.settle(clickhouse);
  const all = await engine.cost(clickhouse, minute);
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  await engine.refresh(clickhouse, true);
  await Bun.sleep(5_000);
  await engine.settle(clickhouse);
  const before = engine.cpu();
  await Bun.sleep(20_000);
  report("Refreshes", [
    { what: "minutes, nothing to do: CPU-ms", value: nothing[0]?.cpuMs },
    { what: "hours, nothing to do: CPU-ms", value: nothing[1]?.cpuMs },
    { what: `all minutes of ${rows} rows: CPU-µs/row`, value: (all.cpuMs * 1000) / rows },
    { what: "idle with refreshes: CPU-ms/s", value: ((engine.cpu() - before) * 1000) / 20 },
  ]);
  await engine.refresh(clickhouse, false);
}

const results: Record<string, unknown>[] = [];
function report(title: string, rows: Record<string, unknown>[]): void {
  const rounded = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v === "number" ? Math.round(v * 100) / 100 : v])),
  );
  results.push({ title, rows: rounded });
  console.log(`\n${title}\n${Bun.inspect.table(rounded)}`);
}

console.log(`Machine: ${describeMachine()}`);
const start = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000;
const engine = await QuietEngine.start();
try {
  const common = { rows: config.ENGINE_COST_ROWS, ratePerSecond: 5_000, startTimeMs: start };
  const blocks = [...eventBlocks({ ...common, rowsPerBlock: 20_000 })];
  await refreshes(engine, blocks);
  await steps(engine, blocks);
  await sizes(engine);
} finally {
  await engine.stop();
}
await saveResult("engine-cost", { machine: describeMachine(), results });
process.exit(0);
