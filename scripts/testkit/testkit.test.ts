import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManagedProcess, StartError } from "./process/managed-process.ts";
import { identify, isAlive, readPidFile, signal, writePidFile } from "./process/process-identity.ts";
import { WaitTimeoutError, waitFor } from "./process/wait-for.ts";
import { junitCounts, junitFailures, kindOf, summary } from "./test-run.ts";

test("test files have a kind, reports are added up", () => {
  expect(["a.test.ts", "a.integration.test.ts", "a.e2e.test.tsx", "a.lake.test.ts"].map(kindOf)).toEqual([
    "unit",
    "integration",
    "e2e",
    "lake",
  ]);
  const xml =
    '<?xml version="1.0"?>\n<testsuites name="bun test" tests="7" failures="2" skipped="1" time="1"><x tests="9"/>';
  expect(junitCounts(xml)).toEqual({ passed: 4, failed: 2, skipped: 1 });
  expect(junitCounts("")).toEqual({ passed: 0, failed: 0, skipped: 0 });
  const run = { passed: 1, failed: 0, skipped: 0 };
  expect(summary([run, run]).line).toBe("2 passed, 0 failed");
  expect(summary([run, { passed: 0, failed: 3, skipped: 1 }])).toEqual({
    failed: 3,
    line: "1 passed, 3 failed, 1 skipped",
  });
});

test("failed tests are named with the head of their message", () => {
  const xml = `<testsuites><testsuite>
    <testcase name="a &lt;b&gt;" classname="outer" file="x.test.ts"><failure type="E" message="one&#10;- &quot;two&quot;">E: at</failure></testcase>
    <testcase name="ok" classname="" file="x.test.ts" />
    <testcase name="slow" classname="" file="y.test.ts">
      <failure type="TimeoutError" message="test timed out" />
    </testcase></testsuite></testsuites>`;
  expect(junitFailures(xml)).toEqual([
    'x.test.ts: outer > a <b>\n    one\n    - "two"',
    "y.test.ts: slow\n    test timed out",
  ]);
  expect(junitFailures("")).toEqual([]);
});

test("waiting ends with the value or at the deadline", async () => {
  let looks = 0;
  expect(await waitFor(() => (++looks === 3 ? "there" : undefined), { intervalMs: 1 })).toBe("there");
  const late = waitFor(() => false, { timeoutMs: 5, intervalMs: 1, describe: () => `look ${looks}` });
  await expect(late).rejects.toBeInstanceOf(WaitTimeoutError);
});

test("a pid file names a process only while exactly that one lives", async () => {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-pid-"));
  const file = join(dir, "run", "x.pid");
  const child = Bun.spawn(["sleep", "60"]);
  const identity = identify(child.pid);
  if (identity === undefined) throw new Error("no identity");
  writePidFile(file, identity);
  expect(readPidFile(file)).toEqual(identity);
  expect(isAlive({ pid: child.pid, started: "another start" })).toBe(false);
  expect(signal(identity, "SIGKILL")).toBe(true);
  await child.exited;
  expect(readPidFile(file)).toBeUndefined();
  expect(signal(identity, "SIGKILL")).toBe(false);
  writeFileSync(join(dir, "garbage.pid"), "no pid");
  expect(readPidFile(join(dir, "garbage.pid"))).toBeUndefined();
  rmSync(dir, { recursive: true });
});

test("a process that ends at once, hangs, or does not exist is a clear error", async () => {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-start-"));
  const run = (command: [string, ...string[]]) =>
    new ManagedProcess({
      name: "thing",
      command,
      logFile: join(dir, "thing.log"),
      isReady: async () => false,
      readyTimeoutMs: 300,
      detached: true,
    }).start();
  await expect(run(["sh", "-c", "echo the reason; exit 1"])).rejects.toThrow(/ended during its start[\s\S]*the reason/);
  await expect(run(["sleep", "60"])).rejects.toThrow("did not answer within 300 ms");
  await expect(run(["/no/such/program"])).rejects.toBeInstanceOf(StartError);
  rmSync(dir, { recursive: true });
});
