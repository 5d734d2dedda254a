/**
 * `ops lake` against a real S3 service (versitygw) with a proxy that injects faults, and two real exporters. Skipped, and
 * said so, where the service is not installed: `bun scripts/lake/tools.ts` installs it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { waitFor } from "../testkit/index.ts";
import { countBySource, DOCUMENTED_S3, documentedReaders, runReader } from "./documented-readers.ts";
import {
  createLakeFixture,
  DAY_MS,
  HOUR_MS,
  interleave,
  isPut,
  keyOf,
  type LakeFixture,
  readByOthers,
  readStore,
  type SeenGroup,
} from "./harness.ts";
import { missingTools } from "./tools.ts";

const missing = missingTools();
if (missing.length > 0) {
  console.error(`SKIPPED: the lake's tests need ${missing.join(" and ")}; run \`bun scripts/lake/tools.ts\``);
}

describe.skipIf(missing.length > 0)("the lake on S3", () => {
  let lake: LakeFixture;
  beforeAll(async () => {
    lake = await createLakeFixture();
  }, 120_000);
  afterAll(() => lake.close());
  afterEach(() => lake.proxy.inject(() => "pass"));

  test("late events and duplicates: only the touched hour is written again, and others read the same", async () => {
    const [first, second] = [lake.newHour(), lake.newHour()];
    const rows = await lake.insertHour(first, 2_000);
    await lake.insertHour(second, 2_000);
    await lake.settled();
    expect(await lake.exported()).toContain("exported 2 hours: 8 files, 4,000 events");
    expect(await lake.exported()).toContain("exported 0 hours");

    await lake.insert(
      rows.slice(0, 500).map((row) => ({ ...row, userId: "copy", kafkaOffset: row.kafkaOffset + 1_000_000 })),
    );
    await lake.insert([lake.row(first + HOUR_MS - 1), lake.row(first)]);
    await lake.settled();
    expect((await lake.run(["verify"])).code).toBe(1);
    const text = await lake.exported();
    expect(text).toContain("exported 1 hours: 4 files, 2,002 events");
    await lake.expectEqual();

    const store = await readStore(lake.clickhouse);
    const seen = await readByOthers(lake.lakeDir, { gateway: lake.gateway, prefix: "lake/test" });
    const plain = (groups: Record<string, SeenGroup>) =>
      Object.fromEntries(Object.entries(groups).map(([source, { partitions_fit: _, ...group }]) => [source, group]));
    for (const reader of ["duckdb", "polars", "pyarrow", "polars_s3"]) {
      expect({ reader, groups: plain(seen[reader]?.groups ?? {}) }).toEqual({ reader, groups: store });
    }
    expect(Object.values(seen.duckdb?.groups ?? {}).every((group) => group.partitions_fit)).toBe(true);
    expect(seen.duckdb?.types).toEqual(["DECIMAL(18,4)", "TIMESTAMP WITH TIME ZONE", "BOOLEAN"]);
    expect(seen.pyarrow?.types).toEqual(["decimal128(18, 4)", "timestamp[ms, tz=UTC]", "bool"]);
  }, 120_000);

  test("the lines of docs/lake.md read it from the S3 service", async () => {
    await lake.insertHour(lake.newHour(), 100);
    await lake.settled();
    await lake.exported();
    const { gateway } = lake;
    const env = {
      AWS_ENDPOINT_URL: gateway.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: gateway.accessKeyId,
      AWS_SECRET_ACCESS_KEY: gateway.secretAccessKey,
    };
    const stored = await countBySource(lake.clickhouse);
    for (const { name, code } of documentedReaders().onS3) {
      const own = code.replaceAll(DOCUMENTED_S3, "s3://lake/test/events/").replaceAll('"bucket"', '"lake"');
      expect({ name, counts: await runReader(own, env) }).toEqual({ name, counts: stored });
    }
  }, 120_000);

  test("wrong keys change nothing and no secret is shown", async () => {
    await lake.insertHour(lake.newHour(), 100);
    await lake.settled();
    const secret = "this-is-a-wrong-but-secret-key";
    const run = await lake.run(["export", "--retries", "1"], { AWS_SECRET_ACCESS_KEY: secret });
    expect(run.code).toBe(3);
    expect(run.text).not.toContain(secret);
    expect(run.text).not.toContain(lake.gateway.secretAccessKey);
    await lake.exported();
    await lake.expectEqual();
  }, 120_000);

  test("the engine's own record of a running statement shows no secret", async () => {
    const hour = lake.newHour();
    await lake.insertHour(hour, 100);
    await lake.settled();
    const release = Promise.withResolvers<void>();
    lake.proxy.inject((request) => (isPut(hour)(request) ? { holdUntil: release.promise } : "pass"));
    const exporter = lake.start(["export"]);
    const statement = await waitFor(async () => {
      const rows = await lake.clickhouse.query<{ query: string }>(
        "SELECT query FROM system.processes WHERE query LIKE 'INSERT INTO FUNCTION s3%'",
      );
      return rows.find(({ query }) => query.includes(lake.gateway.accessKeyId))?.query;
    });
    release.resolve();
    expect(statement).toContain("[HIDDEN]");
    expect(statement).not.toContain(lake.gateway.secretAccessKey);
    expect(await exporter.exited).toBe(0);
  }, 120_000);

  test("a service that denies, fails, is slow or breaks off loses and doubles nothing", async () => {
    const hours = [lake.newHour(), lake.newHour(), lake.newHour()];
    for (const hour of hours) await lake.insertHour(hour, 1_000);
    await lake.settled();
    let puts = 0;
    lake.proxy.inject(({ method }) => {
      if (method !== "PUT") return "pass";
      puts++;
      if (puts <= 2) return { status: 403, code: "AccessDenied" };
      if (puts <= 5) return { cutAfterBytes: 1_000 };
      // ClickHouse itself asks again after these.
      return puts % 3 === 0 ? { status: 503, code: "SlowDown" } : "pass";
    });
    await lake.exported("--retries", "20");
    expect(puts).toBeGreaterThan(12);
    lake.proxy.inject(() => "pass");
    await lake.expectEqual();
  }, 120_000);

  test("a service that is down: exit code 3, then everything is there", async () => {
    await lake.insertHour(lake.newHour(), 1_000);
    await lake.settled();
    await lake.gateway.kill();
    expect((await lake.run(["export", "--retries", "1"])).code).toBe(3);
    expect((await lake.run(["verify", "--retries", "1"])).code).toBe(3);
    await lake.gateway.start();
    lake.proxy.inject(({ method }) => (method === "PUT" ? { status: 500, code: "InternalError" } : "pass"));
    const run = await lake.run(["export", "--retries", "1"]);
    expect(run.code).toBe(3);
    expect(run.text).toContain("1 left");
    lake.proxy.inject(() => "pass");
    await lake.exported();
    await lake.expectEqual();
  }, 120_000);

  test("killed between upload and record: the next run takes the files over", async () => {
    const hour = lake.newHour();
    await lake.insertHour(hour, 1_000);
    await lake.settled();
    let uploaded = false;
    lake.proxy.inject((request) => {
      if (isPut(hour)(request)) uploaded = true;
      return uploaded && request.method === "GET" ? { holdUntil: new Promise(() => undefined) } : "pass";
    });
    const victim = lake.start(["export"]);
    await waitFor(() => ["lottery", "web", "mobile", "sensor"].every((source) => lake.has(hour, source)));
    await victim.kill("SIGKILL");
    lake.proxy.inject(() => "pass");
    const text = await lake.exported();
    expect(text).toContain("found 4 files that were not recorded");
    expect(text).toContain("exported 0 hours");
    await lake.expectEqual();
  }, 120_000);

  test("a stopped exporter whose older upload arrives last writes the hour again", async () => {
    const slow = await interleave(lake, lake.newHour(), async (worker) => {
      await worker.kill("SIGSTOP");
    });
    await slow.kill("SIGCONT");
    expect(await slow.exited).toBe(0);
    expect(slow.logs.some((line) => line.text.includes("another exporter wrote it meanwhile: again"))).toBe(true);
    await lake.expectEqual();
  }, 120_000);

  test("a killed exporter whose older upload arrives last is found out by the next run", async () => {
    const hour = lake.newHour();
    await interleave(lake, hour, async (worker) => {
      await worker.kill("SIGKILL");
    });
    await waitFor(async () => (await lake.run(["verify", "--from", new Date(hour).toISOString()])).code === 1, {
      describe: "the late upload to arrive",
      timeoutMs: 60_000,
    });
    expect(await lake.exported()).toContain("exported 1 hours: 4 files, 1,100 events");
    await lake.expectEqual();
  }, 120_000);

  test("two exporters at once do no harm", async () => {
    for (let i = 0; i < 4; i++) await lake.insertHour(lake.newHour(), 500);
    await lake.settled();
    const runs = await Promise.all([lake.run(["export"]), lake.run(["export"]), lake.run(["export", "--rewrite"])]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    await lake.expectEqual();
    expect(await lake.exported()).toContain("exported 0 hours");
  }, 180_000);

  test("objects that were damaged, exchanged or deleted are named and replaced; foreign ones are named", async () => {
    const [one, two] = [lake.newHour(), lake.newHour()];
    await lake.insertHour(one, 400);
    await lake.insertHour(two, 400);
    await lake.settled();
    await lake.exported();
    const bucket = lake.gateway.client();
    await bucket.write(`test/${keyOf(one, "web")}`, "no parquet");
    await bucket.write(`test/${keyOf(one, "mobile")}`, await Bun.file(lake.file(two, "mobile")).bytes());
    await bucket.delete(`test/${keyOf(two, "sensor")}`);
    const stray = "test/events/date=2026-01-01/part-0.parquet";
    await bucket.write(stray, "x");
    const found = await lake.run(["verify", "--json"]);
    expect(found.code).toBe(1);
    const json = JSON.parse(found.text.split("\n").find((line) => line.startsWith("{")) ?? "{}") as {
      differences: { kind: string; source?: string }[];
    };
    expect(json.differences.map(({ kind, source }) => `${kind} ${source ?? ""}`.trim()).sort()).toEqual([
      "foreign",
      "missing sensor",
      "unreadable mobile",
      "unreadable web",
    ]);
    expect(await lake.exported()).toContain("exported 2 hours");
    await bucket.delete(stray);
    await lake.expectEqual();
  }, 120_000);

  test("a source or an hour without events loses its object", async () => {
    const hour = lake.newHour();
    await lake.insertHour(hour, 400);
    await lake.settled();
    await lake.exported();
    const forget = async (where: string) => {
      await lake.clickhouse.command(
        `ALTER TABLE events_raw DELETE WHERE toStartOfHour(event_time) = ${hour / 1000} AND ${where}`,
        {
          settings: { mutations_sync: 2 },
        },
      );
      await lake.clickhouse.command(
        `INSERT INTO minute_marks SELECT event_minute, 1, now64(3, 'UTC') FROM events_per_minute_store WHERE toStartOfHour(event_minute) = ${hour / 1000} GROUP BY event_minute`,
      );
      await lake.settled();
    };
    await forget("source = 'web'");
    expect(await lake.exported()).toContain("300 events");
    expect(lake.has(hour, "web")).toBe(false);
    expect(lake.has(hour, "mobile")).toBe(true);
    await lake.expectEqual();
    await forget("1");
    expect(await lake.exported()).toContain("3 removed");
    expect(lake.has(hour, "mobile")).toBe(false);
    await lake.expectEqual();
  }, 120_000);

  test("hours past the raw retention are neither written nor removed", async () => {
    const hour = lake.newHour();
    await lake.insertHour(hour, 400);
    await lake.settled();
    await lake.exported();
    const set = (value: string) =>
      lake.clickhouse.command(
        "INSERT INTO pipeline_settings (name, value) SELECT 'raw_complete_since', {value:String}",
        {
          params: { value },
          settings: { async_insert: 0 },
        },
      );
    await set(new Date(Date.now() - 2 * DAY_MS).toISOString().slice(0, 10));
    await lake.clickhouse.command("ALTER TABLE events_raw DELETE WHERE 1", { settings: { mutations_sync: 2 } });
    expect(await lake.exported("--rewrite")).toContain("exported 0 hours");
    expect(lake.has(hour, "web")).toBe(true);
    const { code, text } = await lake.run(["verify"]);
    expect(text).toContain("past the raw retention");
    expect(code).toBe(0);
    await lake.gateway.client().delete(`test/${keyOf(hour, "web")}`);
    const gone = await lake.run(["verify"]);
    expect(gone.code).toBe(1);
    expect(gone.text).toContain("missing");
  }, 120_000);
});
