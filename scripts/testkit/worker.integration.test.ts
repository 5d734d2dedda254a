import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { startWorker } from "./index.ts";

const ROOT = join(import.meta.dir, "../..");

test("a worker's log lines, signals and exit code are seen", async () => {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-worker-"));
  const file = join(dir, "main.ts");
  writeFileSync(
    file,
    `process.on("SIGTERM", () => { console.log(JSON.stringify({ msg: "bye" })); process.exit(7); });
     console.log(JSON.stringify({ msg: "ready", home: process.env.SECRET ?? "unset", arg: process.argv[2], x: process.env.X }));
     console.error("plain text");
     setInterval(() => {}, 1000);`,
  );
  const start = () => startWorker({ entry: relative(ROOT, file), args: ["run"], env: { X: "1" } });
  process.env.SECRET = "of the tester";
  const worker = start();
  const ready = await worker.waitForLog((line) => line.json.msg === "ready");
  expect(ready.json).toEqual({ msg: "ready", home: "unset", arg: "run", x: "1" });
  await worker.waitForLog((line) => line.text === "plain text");
  expect(worker.exitCode).toBeNull();
  expect(await worker.kill("SIGSTOP")).toBeNull();
  await worker.kill("SIGCONT");
  expect(await worker.kill()).toBe(7);
  expect(worker.logs.at(-1)?.json).toEqual({ msg: "bye" });
  await expect(worker.waitForLog((line) => line.text === "never")).rejects.toThrow("worker ended (7)");

  const killed = start();
  await killed.waitForLog((line) => line.json.msg === "ready");
  expect(await killed.kill("SIGKILL")).toBe(137);
  expect(killed.exitCode).toBe(137);
  await expect(killed.waitForLog(() => false)).rejects.toThrow("worker ended (137)");
  expect(() => startWorker({ binary: "no-such-binary" })).toThrow("make build");
  rmSync(dir, { recursive: true });
});
