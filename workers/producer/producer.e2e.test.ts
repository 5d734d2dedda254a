import { beforeAll, expect, test } from "bun:test";
import { type Stack, startWorker, useStack } from "../../scripts/testkit/index.ts";
import { cpuSeconds } from "../../scripts/testkit/process/process-stats.ts";
import { createTestTopics, instanceOf, ledgerGroups, readAll, readLedger, recount } from "./testing/read-back.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await useStack();
}, 120_000);

const start = (args: string[], env: Readonly<Record<string, string>> = {}) =>
  startWorker({ binary: "producer", args, env });

test("--help has examples and exit codes; every command explains its options", async () => {
  const help = start(["--help"]);
  expect(await help.exited).toBe(0);
  expect(help.text).toContain("Examples:");
  expect(help.text).toContain("Exit codes:");
  const simulate = start(["simulate", "--help"]);
  expect(await simulate.exited).toBe(0);
  expect(simulate.text).toContain("[SIM_LATE_SHARE]");
});

test("usage and configuration errors exit with 2, all of them named", async () => {
  expect(await start(["simulate", "--nonsense"]).exited).toBe(2);
  const bad = start(["simulate", "--late-share", "3", "--sources", "shop=1"], { SIM_RATE: "fast", BUFFER_EVENTS: "0" });
  expect(await bad.exited).toBe(2);
  for (const name of ["SIM_RATE", "SIM_LATE_SHARE", "SIM_SOURCES", "BUFFER_EVENTS"]) {
    expect(bad.text).toContain(name);
  }
  const open = start(["http", "--host", "0.0.0.0"]);
  expect(await open.exited).toBe(2);
  expect(open.text).toContain("API_KEYS");
});

test("configured by the environment alone; health and metrics answer; SIGTERM ends it with a closed ledger", async () => {
  const { env, kafka, config } = await createTestTopics(stack.brokers);
  const worker = start([], { ...env, SOURCE: "simulator", SIM_RATE: "500", SIM_LATE_SHARE: "0", SIM_SEED: "7" });
  const starting = await worker.waitForLog(({ json }) => json.msg === "starting");
  await worker.waitForLog(({ json }) => json.msg === "ready", { timeoutMs: 20_000 });
  const health = `http://127.0.0.1:${starting.json.health_port}`;
  expect((await fetch(`${health}/livez`)).status).toBe(200);
  expect((await fetch(`${health}/readyz`)).status).toBe(200);
  await worker.waitForLog(({ json }) => json.msg === "progress");
  const metrics = await (await fetch(`${health}/metrics`)).text();
  expect(metrics).toMatch(/countinghouse_producer_settled_messages_total\{kind="event",outcome="acknowledged"\} [1-9]/);
  expect(metrics).toContain("countinghouse_producer_build_info{");
  expect(await worker.kill("SIGTERM")).toBe(0);
  const ledger = await readLedger(kafka, config.KAFKA_LEDGER_TOPIC);
  expect(instanceOf(ledger).state).toBe("closed");
  expect(ledgerGroups(ledger)).toEqual(recount(await readAll(kafka, config.KAFKA_EVENTS_TOPIC)));
  // Unpatched, kafkajs sets timers with negative delays, of which the runtime warns.
  expect(worker.text).not.toContain("Warning");
}, 60_000);

test("ready after less than a second of CPU time", async () => {
  const { env } = await createTestTopics(stack.brokers);
  const worker = start(["simulate", "--rate", "1", "--late-share", "0"], env);
  await worker.waitForLog(({ json }) => json.msg === "ready");
  // Not of the clock's: the machine has other things to do.
  expect(cpuSeconds(worker.pid)).toBeLessThan(1);
  expect(await worker.kill()).toBe(0);
}, 60_000);
