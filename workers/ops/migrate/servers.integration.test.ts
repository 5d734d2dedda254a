import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, temporaryEngine } from "../../../scripts/testkit/engine/engine.ts";
import { startWorker, useStack } from "../../../scripts/testkit/index.ts";
import { type DefaultlessFront, startWithoutDefault } from "../../../scripts/testkit/proxies/without-default.ts";

/**
 * `ops migrate` on a server that is set up otherwise than ours: a password of every special character, and no database
 * `default`. The other workers on such a server: doctor-roles.e2e.test.ts.
 */
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

async function migrate(env: Record<string, string>): Promise<{ code: number; text: string }> {
  const args = ["migrate", "--no-topics", "--wait", "10s"];
  const worker = startWorker({ entry: "workers/ops/main.ts", args, env: { ...baseEnv(), ...env } });
  const code = await worker.exited;
  return { code, text: worker.text };
}

test("a database with a dash; a secret that ends with a line break, in its file and in the environment", async () => {
  const file = join(dir, "password");
  writeFileSync(file, `${PASSWORD}\r\n`);
  const database = { CLICKHOUSE_DATABASE: "my-events-2" };
  expect(await migrate({ CLICKHOUSE_PASSWORD_FILE: file, ...database })).toMatchObject({
    code: 0,
    text: expect.stringMatching(/schema: [1-9]\d* tables created, 0 migrations applied, .* \(my-events-2\)/),
  });
  const nothing = "schema: 0 tables created, 0 migrations applied, 0 views defined (my-events-2)";
  const again = await migrate({ CLICKHOUSE_PASSWORD: `${PASSWORD}\n`, ...database });
  expect(again).toMatchObject({ code: 0, text: expect.stringContaining(nothing) });
}, 180_000);

test("a wrong password is one line and what to do, without the password", async () => {
  const { code, text } = await migrate({ CLICKHOUSE_PASSWORD: "wrong-one", CLICKHOUSE_DATABASE: "x" });
  expect(code).not.toBe(0);
  expect(text).toContain("CLICKHOUSE_PASSWORD");
  expect(text).not.toContain("wrong-one");
}, 60_000);
