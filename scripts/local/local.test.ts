import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../testkit/process/ports.ts";
import { portProblems } from "./check-ports.ts";

const ROOT = join(import.meta.dir, "../..");

test("all ports that are taken are named at once, each with the variable that moves it", async () => {
  const servers = [0, 0].map((port) => Bun.serve({ port, hostname: "127.0.0.1", fetch: () => new Response() }));
  try {
    const [first = 0, second = 0] = servers.map(({ port }) => port);
    const free = await freePort();
    const service = (name: string, numbers: readonly (number | undefined)[], pid?: number) => ({
      name,
      ports: numbers.map((number = 0, i) => ({ number, variable: `${name.toUpperCase()}_PORT_${i}` })),
      pid: () => pid,
    });
    const problems = await portProblems([
      service("kafka", [free, first]),
      service("console", [second]),
      service("running", [await freePort()], process.pid),
      service("verify", [free]),
    ]);
    expect(problems).toEqual([
      expect.stringContaining(`kafka: port ${first} is in use by`),
      expect.stringContaining(`CONSOLE_PORT_0=${second + 1} make up`),
      expect.stringContaining(`verify: port ${free} is kafka's too`),
    ]);
    expect(await portProblems([service("running", [first], process.pid)])).toEqual([]);
  } finally {
    for (const server of servers) server.stop();
  }
});

test("make status shows the ports, and fails while a worker is down", async () => {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-status-"));
  try {
    const env = { ...process.env, LOCAL_DIR: dir, LOCAL_CONSUMER_HEALTH_PORT: "28999" };
    const status = Bun.spawn(["make", "status"], { cwd: ROOT, env, stdout: "pipe", stderr: "ignore" });
    const text = await new Response(status.stdout).text();
    expect(text).toMatch(/consumer.*stopped.*28999/);
    expect(await status.exited).not.toBe(0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test("make help puts every target in a group", async () => {
  const help = Bun.spawn(["make", "help"], { cwd: ROOT, stdout: "pipe" });
  const lines = (await new Response(help.stdout).text()).split("\n");
  expect(lines[0]).toMatch(/^\w/);
  expect(lines.filter((line) => /^\w/.test(line)).length).toBeGreaterThan(4);
  for (const target of ["up", "lint", "chaos", "bench", "cluster-up", "chart-test"]) {
    expect(lines.filter((line) => line.startsWith(`  make ${target} `))).toHaveLength(1);
  }
});
