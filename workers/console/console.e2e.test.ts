import { expect, test } from "bun:test";
import { createTestDatabase, healthUrl, startTcpProxy, startWorker, useStack } from "../../scripts/testkit/index.ts";

const TOKEN = "a-token-for-tests-0123456789";

test("the binary serves pages, assets and metrics, and stops cleanly", async () => {
  const stack = await useStack();
  const db = await createTestDatabase(stack.clickhouse);
  const env = { ...db.env, KAFKA_BROKERS: stack.brokers, HTTP_PORT: "0", HEALTH_PORT: "0", CONSOLE_TOKEN: TOKEN };
  const worker = startWorker({ binary: "console", env });
  try {
    const { json } = await worker.waitForLog((line) => line.json.msg === "console ready");
    const url = `http://127.0.0.1:${json.http_port}`;
    const page = await (await fetch(url)).text();
    expect(page).toStartWith("<!doctype html><html");
    const assets = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path);
    expect(new Set(assets).size).toBe(7);
    for (const path of assets) {
      const asset = await fetch(url + path);
      expect([path, asset.status, asset.headers.get("cache-control")]).toEqual([
        path,
        200,
        "public, max-age=31536000, immutable",
      ]);
      expect((await asset.text()).length).toBeGreaterThan(100);
    }
    const health = await healthUrl(worker);
    expect((await fetch(`${health}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${health}/metrics`)).text();
    const named = [...metrics.matchAll(/^countinghouse_console_http_requests_total\{(.*)\} (\d+)$/gm)];
    expect(named.map(([, labels, count]) => `${labels} ${count}`)).toEqual([
      'route="/",status="200" 1',
      expect.stringMatching(/^route="\/assets\/:name",status="200" \d+$/),
    ]);
    expect(metrics.includes("countinghouse_console_query_duration_seconds_count")).toBe(true);
    expect(metrics.includes("countinghouse_console_build_info")).toBe(true);
    expect(await worker.kill()).toBe(0);
    expect(worker.text).not.toContain(TOKEN);
  } finally {
    await worker.kill("SIGKILL");
    await db.drop();
  }
}, 60_000);

test("a store that would give wrong figures is not shown, in the words of `ops doctor`, until it is fixed", async () => {
  const stack = await useStack();
  const db = await createTestDatabase(stack.clickhouse);
  const env = { ...db.env, KAFKA_BROKERS: stack.brokers, HTTP_PORT: "0", HEALTH_PORT: "0", CONSOLE_TOKEN: TOKEN };
  const alter = (type: string) => db.clickhouse.command(`ALTER TABLE events_raw MODIFY COLUMN size_bytes ${type}`);
  await alter("UInt64");
  const worker = startWorker({ binary: "console", env });
  const isReady = ({ json }: { json: Readonly<Record<string, unknown>> }) => json.msg === "console ready";
  try {
    const { json } = await worker.waitForLog((line) => line.json.code === "CLICKHOUSE_COLUMN_TYPE");
    expect(json).toMatchObject({
      level: "error",
      error: expect.stringContaining("events_raw.size_bytes is UInt64 instead of UInt32"),
      next: expect.stringContaining("MODIFY COLUMN size_bytes UInt32"),
    });
    expect((await fetch(`${await healthUrl(worker)}/readyz`)).status).toBe(503);
    expect(worker.logs.find(isReady)).toBeUndefined();
    await alter("UInt32");
    await worker.waitForLog(isReady);
    expect((await fetch(`${await healthUrl(worker)}/readyz`)).status).toBe(200);
    expect(await worker.kill()).toBe(0);
  } finally {
    await worker.kill("SIGKILL");
    await db.drop();
  }
}, 60_000);

test("without a store pages say so; one that comes back and is wrong ends the console", async () => {
  const stack = await useStack();
  const db = await createTestDatabase(stack.clickhouse);
  await db.clickhouse.command("DETACH TABLE minute_marks_on_insert");
  const target = new URL(stack.clickhouse.url);
  const proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
  proxy.refuse(true);
  const address = { CLICKHOUSE_URL: `http://127.0.0.1:${proxy.port}`, KAFKA_BROKERS: stack.brokers };
  const worker = startWorker({ binary: "console", env: { ...db.env, ...address, HTTP_PORT: "0", HEALTH_PORT: "0" } });
  try {
    const { json } = await worker.waitForLog((line) => line.json.msg === "console ready");
    expect(await (await fetch(`http://127.0.0.1:${json.http_port}/events`)).text()).toContain("ClickHouse");
    proxy.refuse(false);
    expect(await worker.exited).toBe(1);
    expect(worker.logs.find((line) => line.json.msg === "worker failed")?.json.code).toBe("INSERT_VIEW_MISSING");
  } finally {
    await worker.kill("SIGKILL");
    await proxy.stop();
    await db.drop();
  }
}, 60_000);

test("a refused login is said in the log, once, with the variable", async () => {
  const stack = await useStack();
  const { url: CLICKHOUSE_URL, user: CLICKHOUSE_USER } = stack.clickhouse;
  const login = { CLICKHOUSE_URL, CLICKHOUSE_USER, CLICKHOUSE_PASSWORD: "wrong", KAFKA_BROKERS: stack.brokers };
  const worker = startWorker({ binary: "console", env: { ...login, HTTP_PORT: "0", HEALTH_PORT: "0" } });
  try {
    const { json } = await worker.waitForLog((line) => line.json.code === "CLICKHOUSE_516");
    expect(json).toMatchObject({ level: "error", next: expect.stringContaining("CLICKHOUSE_PASSWORD") });
    await Bun.sleep(4_000); // longer than the pause between two looks
    expect(worker.logs.filter((line) => line.json.code === "CLICKHOUSE_516").length).toBe(1);
  } finally {
    await worker.kill("SIGKILL");
  }
}, 60_000);

test("off loopback without a token the binary refuses to start and says why", async () => {
  const worker = startWorker({ binary: "console", env: { HTTP_HOST: "0.0.0.0", HTTP_PORT: "0" } });
  expect(await worker.exited).toBe(2);
  expect(worker.logs.at(-1)?.text).toContain(
    "CONSOLE_TOKEN: is required because HTTP_HOST=0.0.0.0 is no loopback address",
  );
}, 30_000);
