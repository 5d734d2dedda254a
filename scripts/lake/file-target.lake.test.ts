/** `ops lake` with a directory in place of a bucket: needs nothing but the engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventRow } from "../../workers/shared/clickhouse/tables/events-raw.ts";
import {
  createTestDatabase,
  eventRow,
  insertEventRows,
  startWorker,
  type TestDatabase,
  useStack,
  waitFor,
} from "../testkit/index.ts";
import { countBySource, documentedReaders, runReader } from "./documented-readers.ts";
import { DAY_MS, HOUR_MS, keyOf, settle } from "./harness.ts";
import { missingTools } from "./tools.ts";

let db: TestDatabase;
const dir = mkdtempSync(join(tmpdir(), "countinghouse-lake-dir-"));
beforeAll(async () => {
  db = await createTestDatabase((await useStack()).clickhouse);
}, 60_000);
afterAll(async () => {
  await db.drop();
  rmSync(dir, { recursive: true, force: true });
});

const hourMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - 10 * DAY_MS;
let nextOffset = 0;
const insert = async (rows: EventRow[]) => {
  await insertEventRows(db.clickhouse, rows);
  await settle(db.clickhouse);
};
const row = (timeMs: number, fields: Partial<EventRow> = {}) =>
  eventRow({ eventId: crypto.randomUUID(), eventTimeMs: timeMs, kafkaOffset: nextOffset++, ...fields });
const lake = async (args: string[], env: Record<string, string> = {}) => {
  const worker = startWorker({
    entry: "workers/ops/main.ts",
    args: ["lake", ...args],
    env: { ...db.env, LAKE_URL: `file://${dir}`, ...env },
  });
  const code = await worker.exited;
  return { code, text: worker.text };
};

test("writes, rewrites what was touched, and is verified", async () => {
  // The last millisecond of an hour and the first of the next belong to different files.
  const rows = [
    row(hourMs),
    row(hourMs + HOUR_MS - 1, { source: "lottery", amountE4: 12_345, currency: "EUR" }),
    row(hourMs + HOUR_MS),
  ];
  await insert(rows);
  const dry = await lake(["export", "--dry-run"]);
  expect(dry).toMatchObject({ code: 0, text: expect.stringContaining("2 hours to do; nothing was changed") });
  expect(existsSync(join(dir, "events"))).toBe(false);

  expect(await lake(["export"])).toMatchObject({
    code: 0,
    text: expect.stringContaining("exported 2 hours: 3 files, 3 events"),
  });
  const metrics = join(dir, "lake.prom");
  expect((await lake(["verify", "--metrics-file", metrics])).code).toBe(0);
  const text = readFileSync(metrics, "utf8");
  expect(text).toContain("countinghouse_lake_pending_hours 0");
  expect(text).toContain('countinghouse_lake_differing_files{kind="differs"} 0');
  expect(text).toMatch(/countinghouse_lake_last_export_timestamp_seconds 1\d{9}/);

  // An earlier copy of a stored event changes the content but no count.
  const first = rows[0];
  if (first === undefined) throw new Error("no rows");
  await insert([{ ...first, userId: "earlier copy", kafkaAppendTimeMs: first.kafkaAppendTimeMs - 1_000 }]);
  const behind = await lake(["verify"]);
  expect(behind.code).toBe(1);
  expect(behind.text).toContain("same event ids, other content");
  expect((await lake(["verify", "--allow-pending", "1h"])).code).toBe(0);
  expect((await lake(["export"])).text).toContain("exported 1 hours: 2 files, 2 events");
  expect((await lake(["verify"])).text).toContain("EQUAL");
  expect((await lake(["export"])).text).toContain("exported 0 hours");
  expect(readdirSync(join(dir, ".staging"))).toEqual([]);
}, 120_000);

test("what killed exporters left in staging is removed after a day, and never read", async () => {
  const [old, fresh] = [join(dir, ".staging/old"), join(dir, ".staging/fresh")];
  for (const path of [old, fresh]) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "web.parquet"), "half a file");
  }
  const dayAgo = (Date.now() - 2 * DAY_MS) / 1000;
  utimesSync(old, dayAgo, dayAgo);
  expect((await lake(["verify"])).code).toBe(0);
  expect(existsSync(old)).toBe(false);
  expect(existsSync(fresh)).toBe(true);
  rmSync(fresh, { recursive: true });
}, 60_000);

test("a store that went back in time does not replace newer files unasked", async () => {
  await db.clickhouse.command(
    "INSERT INTO lake_files SELECT lake, event_hour, source, etag, export_version + 1000, events, checksum, content, size_bytes, recorded_at + 1 FROM lake_files FINAL WHERE source = 'lottery'",
  );
  await insert([row(hourMs + 1)]);
  const refused = await lake(["export"]);
  expect(refused.code).toBe(3);
  expect(refused.text).toContain("newer than the store");
  // While the view still recomputes the hour, an export leaves it for the next run, which is code 3.
  const rewrite = async () =>
    (await lake(["export", "--rewrite", "--from", new Date(hourMs).toISOString()])).code === 0;
  await waitFor(rewrite, { timeoutMs: 60_000, describe: "an export that leaves nothing" });
  expect((await lake(["verify"])).code).toBe(0);
}, 120_000);

test("a broken configuration and a directory that cannot be written", async () => {
  const wrong = await lake(["export"], { LAKE_URL: "bucket" });
  expect(wrong.code).toBe(2);
  expect(wrong.text).toContain("LAKE_URL");
  const keyless = await lake(["export"], { LAKE_URL: "s3://bucket" });
  expect(keyless).toMatchObject({ code: 2, text: expect.stringContaining("No credentials") });
  const file = join(dir, "a-file");
  writeFileSync(file, "");
  expect((await lake(["export", "--retries", "1"], { LAKE_URL: `file://${file}` })).code).toBe(3);
  expect(existsSync(join(dir, keyOf(hourMs, "web")))).toBe(true);
}, 60_000);

test("a lake with source in its files, as it was written once, is verified, kept, and brought over by --rewrite", async () => {
  const at = hourMs + 5 * HOUR_MS;
  await insert([row(at), row(at + 1), row(at + 2, { source: "lottery" })]);
  expect((await lake(["export"])).code).toBe(0);
  const path = join(dir, keyOf(at, "web"));
  const columns = async () =>
    (
      await db.clickhouse.query<{ name: string }>(
        `DESCRIBE TABLE file('${path}', 'Parquet') SETTINGS use_hive_partitioning = 0`,
      )
    ).map(({ name }) => name);
  expect(await columns()).not.toContain("source");

  await db.clickhouse.command(
    `INSERT INTO FUNCTION file('${path}.old', 'Parquet') SELECT *, 'web' AS source FROM file('${path}', 'Parquet')
     SETTINGS use_hive_partitioning = 0, output_format_parquet_string_as_string = 1`,
  );
  renameSync(`${path}.old`, path);
  expect(await columns()).toContain("source");
  expect((await lake(["verify"])).code).toBe(0);
  expect((await lake(["export"])).text).toContain("exported 0 hours");
  expect(await columns()).toContain("source");

  const from = new Date(at).toISOString();
  const to = new Date(at + HOUR_MS).toISOString();
  expect((await lake(["export", "--rewrite", "--from", from, "--to", to])).code).toBe(0);
  expect(await columns()).not.toContain("source");
  expect((await lake(["verify"])).code).toBe(0);
});

describe.skipIf(missingTools().includes("Python readers"))("docs/lake.md", () => {
  const readers = documentedReaders();

  test("names the five readers, of files and on S3", () => {
    const names = ["duckdb", "polars", "pandas", "pyarrow", "datafusion"];
    expect(readers.onFiles.map(({ name }) => name)).toEqual(names);
    expect(readers.onS3.map(({ name }) => name).sort()).toEqual(names.toSorted());
  });

  test("their lines count what is stored", async () => {
    const at = hourMs + 8 * HOUR_MS;
    await insert([row(at), row(at + 1, { source: "sensor" })]);
    expect((await lake(["export"])).code).toBe(0);
    const stored = await countBySource(db.clickhouse);
    for (const { name, code } of readers.onFiles) {
      expect({ name, counts: await runReader(code.replaceAll("/lake/", `${dir}/`)) }).toEqual({ name, counts: stored });
    }
  });
});
