import { expect } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClickHouse } from "../../workers/shared/clickhouse/client.ts";
import type { EventRow } from "../../workers/shared/clickhouse/tables/events-raw.ts";
import {
  createTestDatabase,
  eventRow,
  insertEventRows,
  type RunningWorker,
  startWorker,
  useStack,
  waitFor,
} from "../testkit/index.ts";
import { FaultProxy } from "../testkit/proxies/fault-proxy.ts";
import { Gateway } from "./gateway.ts";
import { PYTHON } from "./tools.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

const UNSETTLED_SQL = `
SELECT toString(
  (SELECT count() FROM
    (SELECT event_minute, sum(rows_marked) AS marked, max(touched_at) AS touched FROM minute_marks GROUP BY event_minute) AS marks
    LEFT JOIN
    (SELECT event_minute, max(rows_marked) AS recorded, max(computed_at) AS computed FROM events_per_minute_store WHERE source = '' GROUP BY event_minute) AS heads
    USING (event_minute)
    WHERE event_minute >= (SELECT complete_since FROM raw_horizon) AND (marked != recorded OR touched > computed - INTERVAL 1 SECOND))
  +
  (SELECT count() FROM
    (SELECT toStartOfHour(event_minute) AS event_hour, sum(version) AS wanted FROM
      (SELECT event_minute, max(version) AS version FROM events_per_minute_store WHERE source = '' GROUP BY event_minute)
     GROUP BY event_hour) AS minutes
    LEFT JOIN
    (SELECT event_hour, max(version) AS recorded FROM events_per_hour_store WHERE source = '' GROUP BY event_hour) AS hours
    USING (event_hour)
    WHERE wanted != recorded)) AS n`;

/** Waits until the views have caught up with everything that was inserted. */
export function settle(clickhouse: ClickHouse): Promise<unknown> {
  return waitFor(async () => (await clickhouse.query<{ n: string }>(UNSETTLED_SQL))[0]?.n === "0", {
    timeoutMs: 60_000,
    intervalMs: 200,
    describe: "the views to catch up",
  });
}

export type OpsRun = { code: number; text: string };

/** A migrated database, an S3 service with a proxy in front of it, and `ops` as a process of its own. */
export async function createLakeFixture() {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-lake-"));
  const database = await createTestDatabase((await useStack()).clickhouse);
  const gateway = await Gateway.start(dir);
  const proxy = await FaultProxy.start(gateway.port);
  const { clickhouse } = database;
  const env = { ...database.env, ...gateway.env("test", proxy.endpoint) };
  const workers: RunningWorker[] = [];
  let nextOffset = 0;
  let nextHour = Math.floor(Date.now() / DAY_MS) * DAY_MS - 20 * DAY_MS;
  const insert = (rows: EventRow[]) => insertEventRows(clickhouse, rows);

  /** Starts `ops lake …`. */
  const start = (args: string[], extra: Record<string, string> = {}): RunningWorker => {
    const worker = startWorker({ entry: "workers/ops/main.ts", args: ["lake", ...args], env: { ...env, ...extra } });
    workers.push(worker);
    return worker;
  };
  const run = async (args: string[], extra: Record<string, string> = {}): Promise<OpsRun> => {
    const worker = start(args, extra);
    const code = await worker.exited;
    return { code, text: worker.text };
  };
  const lakeDir = join(gateway.bucketDir, "test");
  return {
    clickhouse,
    gateway,
    proxy,
    env,
    lakeDir,
    start,
    /** Runs `ops lake …` to its end. */
    run,
    /** Runs an export that must succeed, and returns what it said. */
    exported: async (...args: string[]): Promise<string> => {
      const { code, text } = await run(["export", ...args]);
      expect({ code, text: code === 0 ? "" : text }).toEqual({ code: 0, text: "" });
      return text;
    },
    expectEqual: async (): Promise<void> => {
      const { code, text } = await run(["verify"]);
      expect(text).toContain("EQUAL: the lake holds what the store holds");
      expect(code).toBe(0);
    },
    /** An hour of its own for each caller, days ago, Unix ms. */
    newHour: (): number => {
      nextHour += 5 * HOUR_MS;
      return nextHour;
    },
    insert,
    /** Inserts `count` events spread over an hour, of four sources, and returns them. */
    insertHour: async (hourMs: number, count: number): Promise<EventRow[]> => {
      const rows = Array.from({ length: count }, (_, i) =>
        eventOf(hourMs + Math.floor((i * HOUR_MS) / count), i, nextOffset++),
      );
      await insert(rows);
      return rows;
    },
    row: (timeMs: number, fields: Partial<EventRow> = {}): EventRow =>
      eventRow({ eventId: crypto.randomUUID(), eventTimeMs: timeMs, kafkaOffset: nextOffset++, ...fields }),
    settled: () => settle(clickhouse),
    file: (hourMs: number, source: string) => join(lakeDir, keyOf(hourMs, source)),
    has: (hourMs: number, source: string) => existsSync(join(lakeDir, keyOf(hourMs, source))),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.kill("SIGKILL")));
      proxy.close();
      await gateway.kill();
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export type LakeFixture = Awaited<ReturnType<typeof createLakeFixture>>;

/** Tells the uploads of an hour among the requests to the service. */
export function isPut(hourMs: number) {
  const hour = new Date(hourMs).toISOString();
  const part = `date=${hour.slice(0, 10)}/hour=${hour.slice(11, 13)}/`;
  return ({ method, path }: { method: string; path: string }) => method === "PUT" && path.includes(part);
}

/**
 * Holds the first of an exporter's uploads of an hour (the others follow it), lets a second exporter write a newer state,
 * then lets the first go on.
 */
export async function interleave(
  lake: LakeFixture,
  hour: number,
  whileHeld: (slow: RunningWorker) => Promise<void>,
): Promise<RunningWorker> {
  await lake.insertHour(hour, 1_000);
  await lake.settled();
  const release = Promise.withResolvers<void>();
  let held = false;
  lake.proxy.inject((request) => {
    if (held || !isPut(hour)(request)) return "pass";
    held = true;
    return { holdUntil: release.promise };
  });
  const slow = lake.start(["export"]);
  await waitFor(() => held, { describe: "the slow exporter's first upload" });
  await whileHeld(slow);
  await lake.insertHour(hour, 100);
  await lake.settled();
  expect(await lake.exported()).toContain("4 files, 1,100 events");
  release.resolve();
  return slow;
}

/** Key of an object, written down apart from the exporter's own code. */
export function keyOf(hourMs: number, source: string): string {
  const iso = new Date(hourMs).toISOString();
  return `events/date=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}/source=${source}/events.parquet`;
}

function eventOf(timeMs: number, i: number, kafkaOffset: number): EventRow {
  const sources = ["lottery", "web", "mobile", "sensor"] as const;
  const source = sources[i % 4] ?? "web";
  const money =
    source === "lottery" ? { amountE4: (i % 997) * 1_234 + 1, currency: "EUR", eventType: "ticket_purchased" } : {};
  return eventRow({
    eventId: crypto.randomUUID(),
    eventTimeMs: timeMs + (i % 1000),
    kafkaOffset,
    source,
    userId: `user-${i % 13}`,
    payloadJson: `{"n":${i},"text":"ü 'quoted' \\\\ \\"x\\""}`,
    ...money,
  });
}

/** What a reader saw of a source. `times` is the sum of event times, Unix ms. */
export type SeenGroup = { events: number; ids: number; amount: string; times: string; partitions_fit?: boolean };
export type Seen = Record<string, { groups: Record<string, SeenGroup>; types?: string[] }>;

/** Reads a lake by DuckDB and polars, over S3 by pyarrow and polars too. */
export async function readByOthers(dir: string, s3?: { gateway: Gateway; prefix: string }): Promise<Seen> {
  const args = s3 === undefined ? [] : [s3.gateway.endpoint, s3.prefix];
  const keys =
    s3 === undefined
      ? {}
      : { AWS_ACCESS_KEY_ID: s3.gateway.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.gateway.secretAccessKey };
  const child = Bun.spawn([PYTHON, join(import.meta.dir, "readers.py"), dir, ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", TZ: "UTC", ...keys },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if (code !== 0) throw new Error(`readers.py failed (${code}):\n${err.slice(-3000)}`);
  return JSON.parse(out) as Seen;
}

/** The same figures from the store. */
export async function readStore(clickhouse: ClickHouse): Promise<Record<string, SeenGroup>> {
  const rows = await clickhouse.query<{ source: string; events: string; ids: string; amount: string; times: string }>(
    `SELECT source, toString(count()) AS events, toString(uniqExact(event_id)) AS ids, toString(sum(amount)) AS amount,
      toString(sum(toUnixTimestamp64Milli(event_time))) AS times FROM events GROUP BY source ORDER BY source`,
  );
  return Object.fromEntries(
    rows.map(({ source, events, ids, amount, times }) => [
      source,
      { events: Number(events), ids: Number(ids), amount: Number(amount).toFixed(4), times },
    ]),
  );
}
