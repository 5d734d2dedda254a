/**
 * How much slower is the exact export than ClickHouse's plain `INSERT INTO FUNCTION s3(…) SELECT * FROM events` of the same
 * rows? Both in one run on the same engine and S3 service: plain, export, plain. `bun scripts/lake/measure.ts [events]`.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClickHouse } from "../../workers/shared/clickhouse/client.ts";
import { createDatabase, migrate } from "../../workers/shared/clickhouse/migrate.ts";
import { type Engine, temporaryEngine } from "../testkit/engine/engine.ts";
import { describeMachine } from "../testkit/process/process-stats.ts";
import { startWorker } from "../testkit/worker.ts";
import { Gateway } from "./gateway.ts";
import { DAY_MS, settle } from "./harness.ts";
import { fetchTools } from "./tools.ts";

const EVENTS = Number(process.argv[2] ?? 10_000_000);
const HOURS = 12;
const BLOCK = 1_000_000;

const ROWS_SQL = `
INSERT INTO events_raw (event_id, event_time, received_time, source, event_type, user_id, session_id, amount, currency, payload,
  extra, size_bytes, latency_ms, ingest_delay_ms, is_late, producer, kafka_partition, kafka_offset, kafka_append_time)
SELECT generateUUIDv4(), fromUnixTimestamp64Milli(toInt64({start:UInt64} + number * {step:Float64}), 'UTC') AS t,
  t + toIntervalMillisecond(rand(1) % 2000), ['lottery', 'web', 'mobile', 'sensor'][number % 4 + 1],
  ['ticket_purchased', 'click', 'tap', 'reading'][number % 4 + 1], concat('user-', toString(rand(2) % 100000)),
  toString(rand(3) % 1000000), if(number % 4 = 0, toDecimal64(rand(4) % 100000, 4) / 100, 0), if(number % 4 = 0, 'EUR', ''),
  concat('{"element":"button-', toString(rand(5) % 50), '","page":"/p/', toString(rand(6) % 1000), '","n":', toString(rand(7)), '}'),
  '', 300, 50 + rand(8) % 5000, rand(9) % 2000, rand(10) % 10 = 0, 'measure', number % 6, number, t + toIntervalMillisecond(3000)
FROM numbers({from:UInt64}, {count:UInt64})`;

async function measure(engine: Engine, gateway: Gateway): Promise<void> {
  const config = {
    CLICKHOUSE_URL: engine.url,
    CLICKHOUSE_USER: engine.options.user,
    CLICKHOUSE_PASSWORD: engine.options.password,
    CLICKHOUSE_DATABASE: "measure",
    CLICKHOUSE_TIMEOUT_MS: 3_600_000,
  };
  const server = createClickHouse({ ...config, CLICKHOUSE_DATABASE: "default" });
  await createDatabase(server, config.CLICKHOUSE_DATABASE);
  await server.close();
  const clickhouse = createClickHouse(config);
  await migrate(clickhouse);

  console.log(
    `${describeMachine()}\ninserting ${EVENTS.toLocaleString("en-US")} events over ${HOURS} hours, every tenth twice`,
  );
  const start = Math.floor(Date.now() / DAY_MS) * DAY_MS - 3 * DAY_MS;
  const step = (HOURS * 3_600_000) / EVENTS;
  for (let from = 0; from < EVENTS; from += BLOCK) {
    const params = { start, step, from, count: Math.min(BLOCK, EVENTS - from) };
    await clickhouse.command(ROWS_SQL, { params, settings: { async_insert: 0 } });
  }
  // The same ids again under later offsets: duplicates that FINAL has to remove in both ways.
  await clickhouse.command(
    `INSERT INTO events_raw (event_id, event_time, received_time, source, event_type, user_id, session_id, amount, currency, payload,
  extra, size_bytes, latency_ms, ingest_delay_ms, is_late, producer, kafka_partition, kafka_offset, kafka_append_time)
SELECT event_id, event_time, received_time, source, event_type, user_id, session_id, amount, currency, payload, extra, size_bytes,
  latency_ms, ingest_delay_ms, is_late, producer, kafka_partition, kafka_offset + 1000000000, kafka_append_time FROM events WHERE kafka_offset % 10 = 0`,
    { settings: { async_insert: 0 } },
  );
  await settle(clickhouse);

  const plain = async (name: string): Promise<number> => {
    const began = performance.now();
    await clickhouse.query(
      "INSERT INTO FUNCTION s3({url:String}, {key:String}, {secret:String}, 'Parquet') SELECT * FROM events SETTINGS s3_truncate_on_insert = 1, output_format_parquet_compression_method = 'zstd'",
      {
        paramsInBody: true,
        params: {
          url: `${gateway.endpoint}/lake/plain.parquet`,
          key: gateway.accessKeyId,
          secret: gateway.secretAccessKey,
        },
      },
    );
    return report(name, began);
  };
  const first = await plain("plain INSERT INTO FUNCTION s3");
  const began = performance.now();
  const { CLICKHOUSE_TIMEOUT_MS: _, ...env } = config;
  const exporter = startWorker({
    binary: "ops",
    entry: "workers/ops/main.ts",
    args: ["lake", "export"],
    env: { ...env, ...gateway.env("measure") },
  });
  if ((await exporter.exited) !== 0) throw new Error(exporter.text);
  const exact = report("ops lake export, read back and recorded", began);
  const second = await plain("plain again");
  const ratio = exact / ((first + second) / 2);
  console.log(`${exporter.logs.at(-1)?.text}\nratio ${ratio.toFixed(2)} (must be below 2)`);
  process.exitCode = ratio < 2 ? 0 : 1;
  await clickhouse.close();
}

function report(name: string, began: number): number {
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${seconds.toFixed(1).padStart(7)} s  ${Math.round(EVENTS / seconds).toLocaleString("en-US")} events/s  ${name}`,
  );
  return seconds;
}

await fetchTools();
const dir = mkdtempSync(join(tmpdir(), "countinghouse-lake-measure-"));
const engine = await temporaryEngine(dir, { memoryMb: 6_144 });
let gateway: Gateway | undefined;
try {
  mkdirSync(join(dir, "s3"), { recursive: true });
  await engine.start();
  gateway = await Gateway.start(join(dir, "s3"));
  await measure(engine, gateway);
} finally {
  await Promise.all([engine.kill(), gateway?.kill()]);
  rmSync(dir, { recursive: true, force: true });
}
