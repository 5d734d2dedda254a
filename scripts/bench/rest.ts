/**
 * `make bench-rest`: what the stack costs when little happens: CPU time and memory of each process with no events and with
 * a few, and the disk that a million events take beside plain JSON and Parquet. A measurement, not a test: it exits 0
 * whatever the figures, 1 only when something did not work.
 */
import { z } from "zod";
import { EVENTS_RAW_COLUMNS, EVENTS_RAW_TABLE } from "../../workers/shared/clickhouse/tables/events-raw.ts";
import { envInt, loadConfig } from "../../workers/shared/runtime/config.ts";
import { EmbeddedPipeline } from "../testkit/embedded-pipeline.ts";
import { cpuSeconds, describeMachine, memoryBytes } from "../testkit/process/process-stats.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import { startWorker } from "../testkit/worker.ts";
import { eventBlocks } from "./event-blocks.ts";
import { QuietEngine } from "./quiet-engine.ts";
import { saveResult } from "./save-result.ts";
import { UNSETTLED_SQL } from "./settled.ts";
import { round } from "./targets.ts";

const config = loadConfig(
  z.object({
    REST_RATE: envInt(1, 10_000).prefault("50"),
    /** Time of each of the two measurements; 0 leaves them out. */
    REST_SECONDS: envInt(0, 3_600).prefault("60"),
    /** Events on disk; 0 leaves that out. */
    REST_EVENTS: envInt(0, 100_000_000).prefault("1000000"),
  }),
  process.env,
);
/** From the start of the workers until they have settled. */
const WARM_UP_MS = 15_000;

type Row = Record<string, string | number>;
const tables: { title: string; rows: Row[] }[] = [];
function report(title: string, rows: Row[]): void {
  tables.push({ title, rows });
  console.log(`\n${title}\n${Bun.inspect.table(rows)}`);
}

/** CPU-ms a second and memory of each process over the time. */
async function watch(processes: Readonly<Record<string, number>>): Promise<Row[]> {
  const names = Object.entries(processes);
  const before = names.map(([, pid]) => cpuSeconds(pid));
  const began = performance.now();
  await Bun.sleep(config.REST_SECONDS * 1_000);
  const seconds = (performance.now() - began) / 1_000;
  const rows = names.map(([process, pid], i) => ({
    process,
    "CPU-ms/s": round(((cpuSeconds(pid) - (before[i] ?? 0)) * 1_000) / seconds),
    MiB: Math.round(memoryBytes(pid).now / 1_048_576),
  }));
  const used = names.reduce((sum, [, pid], i) => sum + cpuSeconds(pid) - (before[i] ?? 0), 0);
  return [...rows, { process: "all", "CPU-ms/s": round((used * 1_000) / seconds), MiB: "" }];
}

async function measureRest(): Promise<void> {
  const pipeline = await EmbeddedPipeline.start();
  try {
    const consumer = pipeline.startConsumer();
    const verify = pipeline.startOps(["verify", "--watch", "--interval", "30s"]);
    const page = startWorker({
      binary: "console",
      env: { ...pipeline.env, HTTP_PORT: "0", CONSOLE_TOKEN: crypto.randomUUID() },
    });
    const { pid: kafka } = pipeline.broker;
    const { pid: clickhouse } = pipeline.engine;
    if (kafka === undefined || clickhouse === undefined) throw new Error("broker or engine does not run");
    const processes = { kafka, clickhouse, consumer: consumer.pid, verify: verify.pid, console: page.pid };
    await Bun.sleep(WARM_UP_MS);
    report("At rest, no events", await watch(processes));
    const producer = pipeline.startProducer(["simulate", "--rate", String(config.REST_RATE)]);
    await waitFor(async () => (await pipeline.one<{ n: string }>("SELECT count() AS n FROM events_raw")).n !== "0", {
      timeoutMs: 60_000,
      describe: "the first event",
    });
    await Bun.sleep(WARM_UP_MS);
    report(`At ${config.REST_RATE} events/s`, await watch({ ...processes, producer: producer.pid }));
    await page.kill();
  } finally {
    await pipeline.stop();
  }
}

/** Bytes of the answer to a query. */
async function answerBytes({ engine }: QuietEngine, database: string, sql: string): Promise<number> {
  const { user, password } = engine.options;
  const headers = { "X-ClickHouse-User": user, "X-ClickHouse-Key": password };
  const response = await fetch(`${engine.url}/?database=${database}`, { method: "POST", body: sql, headers });
  if (!response.ok || response.body === null) throw new Error(await response.text());
  let bytes = 0;
  for await (const chunk of response.body) bytes += chunk.length;
  return bytes;
}

async function measureDisk(): Promise<void> {
  const engine = await QuietEngine.start();
  try {
    const clickhouse = await engine.database("disk");
    const startTimeMs = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 7_200_000;
    const blocks = eventBlocks({ rows: config.REST_EVENTS, rowsPerBlock: 40_000, ratePerSecond: 1_000, startTimeMs });
    for (const block of blocks) await clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, block);
    await engine.refresh(clickhouse, true);
    const unsettled = async () => (await clickhouse.query<{ n: string }>(UNSETTLED_SQL))[0]?.n;
    await waitFor(async () => (await unsettled()) === "0", { timeoutMs: 120_000, describe: "the views to settle" });
    await engine.refresh(clickhouse, false);
    await engine.settle(clickhouse);
    await clickhouse.command("OPTIMIZE TABLE events_raw FINAL");
    const [size] = await clickhouse.query<{ n: string; json: string }>(
      "SELECT toString(count()) AS n, toString(sum(size_bytes)) AS json FROM events_raw",
    );
    const parts = await clickhouse.query<{ name: string; bytes: string }>(
      `SELECT table AS name, toString(sum(bytes_on_disk)) AS bytes FROM system.parts
       WHERE database = currentDatabase() AND active GROUP BY table HAVING sum(bytes_on_disk) > 100000 ORDER BY sum(bytes_on_disk) DESC`,
    );
    const parquet = await answerBytes(
      engine,
      "disk",
      "SELECT * FROM events FORMAT Parquet SETTINGS output_format_parquet_compression_method = 'zstd'",
    );
    const events = Number(size?.n);
    const entry = (what: string, bytes: number): Row => ({ what, "MB a million events": round(bytes / events) });
    report("Disk", [
      entry("plain JSON, as in Kafka", Number(size?.json)),
      entry("Parquet, zstd", parquet),
      ...parts.map(({ name, bytes }) => entry(`table ${name}`, Number(bytes))),
      entry(
        "all tables",
        parts.reduce((sum, { bytes }) => sum + Number(bytes), 0),
      ),
    ]);
  } finally {
    await engine.stop();
  }
}

console.log(`Machine: ${describeMachine()}`);
if (config.REST_SECONDS > 0) await measureRest();
if (config.REST_EVENTS > 0) await measureDisk();
await saveResult("rest", { machine: describeMachine(), settings: config, tables });
process.exit(0);
