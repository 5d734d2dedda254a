import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Engine, temporaryEngine } from "../../../scripts/testkit/engine/engine.ts";
import { eventRow, startWorker, useStack, waitFor } from "../../../scripts/testkit/index.ts";
import { type DefaultlessFront, startWithoutDefault } from "../../../scripts/testkit/proxies/without-default.ts";
import { createClickHouse } from "../../shared/clickhouse/client.ts";
import { clickhouseConfigShape } from "../../shared/clickhouse/config.ts";
import { EVENTS_RAW_COLUMNS, EVENTS_RAW_TABLE, encodeEventRows } from "../../shared/clickhouse/tables/events-raw.ts";
import { loadConfig } from "../../shared/runtime/config.ts";

/** Servers that are set up otherwise than ours: a password of every special character, and no database `default`. */
const PASSWORD = `${String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i))}äß€😀%41+%2B`;
const dir = mkdtempSync(join(tmpdir(), "countinghouse-servers-"));
let engine: Engine;
let front: DefaultlessFront;
let brokers: string;

beforeAll(async () => {
  ({ brokers } = await useStack());
  engine = await temporaryEngine(dir, { password: PASSWORD });
  await engine.start();
  front = startWithoutDefault(engine.url);
}, 90_000);
afterAll(async () => {
  await front?.stop();
  await engine.kill();
  rmSync(dir, { recursive: true, force: true });
});

const baseEnv = () => ({
  CLICKHOUSE_URL: front.url,
  CLICKHOUSE_USER: engine.options.user,
  KAFKA_BROKERS: brokers,
});

function client(env: Record<string, string>) {
  const shape = z.object(clickhouseConfigShape);
  return createClickHouse(loadConfig(shape, { ...baseEnv(), CLICKHOUSE_PASSWORD: PASSWORD, ...env }));
}

async function migrate(env: Record<string, string>): Promise<{ code: number; text: string }> {
  const args = ["migrate", "--no-topics", "--wait", "10s"];
  const worker = startWorker({ entry: "workers/ops/main.ts", args, env: { ...baseEnv(), ...env } });
  const code = await worker.exited;
  return { code, text: worker.logs.map(({ text }) => text).join("\n") };
}

/** An event that is inserted into the database is counted in its minute. */
async function expectCounting(database: string): Promise<void> {
  const clickhouse = client({ CLICKHOUSE_DATABASE: database });
  const row = eventRow({ eventId: crypto.randomUUID(), eventTimeMs: Date.now() - 3_600_000, kafkaOffset: 1 });
  await clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, encodeEventRows([row]));
  const counted = async () =>
    (await clickhouse.query<{ n: string }>("SELECT sum(events) AS n FROM events_per_minute"))[0]?.n === "1";
  await waitFor(counted, { timeoutMs: 30_000, describe: "the event counted" });
  await clickhouse.close();
}

test("a database with a dash, a password of every special character, and no database `default`", async () => {
  const env = { CLICKHOUSE_PASSWORD: PASSWORD, CLICKHOUSE_DATABASE: "my-events-2" };
  const first = await migrate(env);
  expect(first).toMatchObject({ code: 0, text: expect.stringContaining("(my-events-2)") });
  expect(await migrate(env)).toMatchObject({ code: 0, text: expect.stringContaining("0 views defined") });
  await expectCounting("my-events-2");
}, 180_000);

test("a secret that ends with a line break, in its file and in the environment", async () => {
  const file = join(dir, "password");
  writeFileSync(file, `${PASSWORD}\r\n`);
  const ofFile = { CLICKHOUSE_PASSWORD_FILE: file, CLICKHOUSE_DATABASE: "line_break" };
  expect(await migrate(ofFile)).toMatchObject({ code: 0, text: expect.stringContaining("0 migrations applied") });
  const ofVariable = { CLICKHOUSE_PASSWORD: `${PASSWORD}\n`, CLICKHOUSE_DATABASE: "line_break" };
  expect(await migrate(ofVariable)).toMatchObject({ code: 0, text: expect.stringContaining("0 tables created") });
}, 180_000);

test("a wrong password is one line and what to do, without the password", async () => {
  const { code, text } = await migrate({ CLICKHOUSE_PASSWORD: "wrong-one", CLICKHOUSE_DATABASE: "x" });
  expect(code).not.toBe(0);
  expect(text).toContain("CLICKHOUSE_PASSWORD");
  expect(text).not.toContain("wrong-one");
}, 60_000);
