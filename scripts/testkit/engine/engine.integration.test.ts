import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../process/wait-for.ts";
import { type Engine, temporaryEngine } from "./engine.ts";

const dir = mkdtempSync(join(tmpdir(), "countinghouse-engine-"));
const password = "secret";
let engine: Engine;

beforeAll(async () => {
  engine = await temporaryEngine(dir, { password });
  await engine.start();
});
afterAll(async () => {
  await engine.kill();
  rmSync(dir, { recursive: true, force: true });
});

async function query(sql: string, body?: string): Promise<string> {
  const url = body === undefined ? engine.url : `${engine.url}/?query=${encodeURIComponent(sql)}`;
  const response = await fetch(url, { method: "POST", body: body ?? sql, headers: { "x-clickhouse-key": password } });
  const text = (await response.text()).trimEnd();
  if (!response.ok) throw new Error(text);
  return text;
}

test("acknowledged rows and running views survive SIGKILL and SIGTERM", async () => {
  await query("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n");
  await query("CREATE TABLE ticks (at DateTime64(3)) ENGINE = MergeTree ORDER BY at");
  await query("CREATE MATERIALIZED VIEW v REFRESH EVERY 1 SECOND APPEND TO ticks AS SELECT now64(3) AS at");
  let acknowledged = 0;
  const insertUntilItFails = async (from: number) => {
    for (let n = from; ; n += 1) {
      try {
        await query("INSERT INTO t FORMAT TabSeparated", `${n}\n`);
        acknowledged += 1;
      } catch {
        return;
      }
    }
  };
  for (const end of [() => engine.kill(), () => engine.stop(), () => engine.kill()]) {
    const before = acknowledged;
    const inserting = Promise.all([0, 1, 2].map((lane) => insertUntilItFails(lane * 1e9 + before * 10)));
    await waitFor(() => acknowledged >= before + 100, { describe: "a hundred inserts" });
    await end();
    await inserting;
    await engine.start();
    // The last insert of each lane may have been stored without its answer being seen.
    const stored = Number(await query("SELECT count() FROM t"));
    expect(stored).toBeGreaterThanOrEqual(acknowledged);
    acknowledged = stored;
  }
  const ticks = Number(await query("SELECT count() FROM ticks"));
  await waitFor(async () => Number(await query("SELECT count() FROM ticks")) > ticks, {
    describe: "a tick after restart",
  });
});

test("SIGTERM lets a running statement end", async () => {
  const slow = query("SELECT sleep(1.5), 'done' FORMAT TSV");
  await waitFor(async () => (await query("SELECT count() FROM system.processes WHERE query LIKE '%done%'")) === "2", {
    describe: "the slow statement to run",
  });
  expect(await engine.stop()).toBe(true);
  expect(await slow).toBe("0\tdone");
  await engine.start();
});

test("an abandoned result of ten million rows costs neither memory nor disk", async () => {
  const rss = async () =>
    Number(/VmRSS:\s+(\d+)/.exec(await Bun.file(`/proc/${engine.pid}/status`).text())?.[1]) / 1024;
  const before = await rss();
  const sql = "SELECT number, generateUUIDv4() FROM numbers(10000000) FORMAT TSV";
  const response = await fetch(engine.url, { method: "POST", body: sql, headers: { "x-clickhouse-key": password } });
  await response.body?.cancel();
  if (process.platform === "linux") expect((await rss()) - before).toBeLessThan(300);
  const spooled = () => [...new Bun.Glob("*").scanSync({ cwd: join(engine.options.dir, "spool") })].length === 0;
  await waitFor(spooled, { describe: "an empty spool" });
});
