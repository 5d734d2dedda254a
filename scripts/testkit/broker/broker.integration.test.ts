import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, isPortFree, portOwner } from "../process/ports.ts";
import { Broker } from "./broker.ts";
import { isBrokerReady } from "./probe.ts";

const dir = mkdtempSync(join(tmpdir(), "countinghouse-broker-"));
let broker: Broker;

beforeAll(async () => {
  broker = new Broker({ dir, port: await freePort(), logFile: join(dir, "kafka.log") });
});
afterAll(async () => {
  await broker.kill();
  rmSync(dir, { recursive: true, force: true });
});

test("starts, restarts, survives SIGKILL, and keeps its port", async () => {
  const { port } = broker.config;
  expect(await isBrokerReady(port)).toBe(false);
  await broker.start();
  expect(await isBrokerReady(port)).toBe(true);
  expect(await isPortFree(port)).toBe(false);
  const owner = portOwner(port);
  if (owner !== undefined) expect(owner).toContain(`pid ${broker.pid}`);
  const first = broker.pid;
  await broker.restart();
  expect(broker.pid).not.toBe(first);
  await broker.kill();
  expect(broker.pid).toBeUndefined();
  expect(await isBrokerReady(port)).toBe(false);
  await broker.start();
  expect(await isBrokerReady(port)).toBe(true);
  expect(await broker.stop()).toBe(true);
  expect(await isPortFree(port)).toBe(true);
});
