/** The exit code of each command of the compiled producer, also interrupted at random moments. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningWorker, type Stack, seeded, startWorker, useStack } from "../../scripts/testkit/index.ts";
import { createTestTopics, readAll, readLedger, type TestTopics } from "./testing/read-back.ts";

const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

type Row = {
  args: readonly string[];
  /** Of a run to its end; undefined: it has none by itself. */
  done?: number;
  /** Waiting for Kafka when it is told to stop. */
  waiting: number;
  /** Sending, when it is told to stop: `stopped` when that is no failure, else only a complete run is none. */
  stopped?: number;
  /** What the summary calls complete. */
  bounded: boolean;
};

const dir = mkdtempSync(join(tmpdir(), "countinghouse-producer-exit-"));
const file = (name: string, text: string) => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const LINES = Array.from({ length: 3_000 }, (_, n) => `{"user_id":"u${n % 7}","n":${n}}`);
const few = file("few.jsonl", `${LINES.slice(0, 20).join("\n")}\n`);
const many = file("many.jsonl", `${LINES.join("\n")}\n`);

/** By command. Wrong usage and wrong configuration are 2 everywhere. */
const TABLE: Readonly<Record<string, Row>> = {
  simulate: {
    args: ["--count", "20", "--late-share", "0"],
    done: EXIT.ok,
    waiting: EXIT.failed,
    stopped: EXIT.ok,
    bounded: false,
  },
  file: { args: [few], done: EXIT.ok, waiting: EXIT.failed, bounded: true },
  http: { args: ["--port", "0"], waiting: EXIT.failed, stopped: EXIT.ok, bounded: false },
};
/** Long enough to be interrupted. */
const LONG: Readonly<Record<string, readonly string[]>> = {
  simulate: ["--rate", "500", "--late-share", "0"],
  file: [many, "--rate", "2000"],
  http: ["--port", "0"],
};

let stack: Stack;
let topics: TestTopics;
beforeAll(async () => {
  stack = await useStack();
  topics = await createTestTopics(stack.brokers);
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  startWorker({ binary: "producer", args, env: { ...topics.env, ...env } });
const summaryOf = (worker: RunningWorker) => worker.logs.find(({ json }) => json.msg === "summary")?.json;

describe.each(Object.entries(TABLE))("producer %s", (command, row) => {
  test("2: wrong usage, a wrong value", async () => {
    expect(await start([command, ...row.args, "--bogus"]).exited).toBe(EXIT.usage);
    expect(await start([command, ...row.args], { LOG_LEVEL: "loud" }).exited).toBe(EXIT.usage);
  });

  if (row.done !== undefined) {
    test(`${row.done}: done`, async () => {
      const worker = start([command, ...row.args]);
      expect(await worker.exited).toBe(row.done ?? -1);
      expect(summaryOf(worker)).toMatchObject({ complete: true, unknown: 0, unsent: 0, refused: 0 });
    });
  }

  test.each(["SIGTERM", "SIGINT"] as const)(`${row.waiting}: %s while it waits for Kafka`, async (signal) => {
    const worker = start([command, ...row.args], { KAFKA_BROKERS: "127.0.0.1:1" });
    await worker.waitForLog(({ text }) => text.includes("KAFKA_BROKERS"));
    expect(await worker.kill(signal)).toBe(row.waiting);
    expect(summaryOf(worker)).toMatchObject({ complete: false, acknowledged: 0 });
    expect(worker.text).not.toMatch(/\n\s+at /);
  });

  test("interrupted at random moments: the code and the summary agree with what the topic has", async () => {
    const own = await createTestTopics(stack.brokers);
    const next = seeded(command.length);
    let acknowledged = 0;
    for (let i = 0; i < 8; i++) {
      const worker = start([command, ...(LONG[command] ?? [])], own.env);
      // Before it runs its own code, a signal simply ends a process.
      await worker.waitForLog(({ json }) => json.msg === "starting");
      await Bun.sleep(next() ** 2 * 2_000);
      const asked = performance.now();
      const code = await worker.kill(next() < 0.5 ? "SIGTERM" : "SIGINT");
      expect(performance.now() - asked).toBeLessThan(15_000);
      const summary = summaryOf(worker);
      expect(summary).toMatchObject({ unknown: 0, unsent: 0 });
      const started = worker.logs.some(({ json }) => json.msg === "ready");
      const complete = summary?.complete === true;
      expect([i, code, complete]).toEqual([i, complete ? EXIT.ok : EXIT.failed, complete]);
      if (started && row.stopped !== undefined) expect(code).toBe(row.stopped);
      if (row.bounded && code === EXIT.ok) expect(summary).toMatchObject({ lines_left: 0 });
      if (row.bounded && code !== EXIT.ok && started) {
        expect(Number(summary?.acknowledged) + Number(summary?.lines_left)).toBe(LINES.length);
      }
      expect(worker.text).not.toMatch(/\n\s+at /);
      acknowledged += Number(summary?.acknowledged);
    }
    expect((await readAll(own.kafka, own.config.KAFKA_EVENTS_TOPIC)).length).toBe(acknowledged);
    const ledger = await readLedger(own.kafka, own.config.KAFKA_LEDGER_TOPIC);
    expect(ledger.filter((record) => record.kind === "instance" && record.state !== "closed")).toEqual([]);
  });
});

test("the table names every command", async () => {
  const help = start(["--help"]);
  expect(await help.exited).toBe(EXIT.ok);
  const listed = [...help.text.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name]) => name ?? "");
  expect(listed.filter((name) => name !== "help").sort()).toEqual(Object.keys(TABLE).sort());
});

describe("producer file", () => {
  test("2: UTF-16, refused once", async () => {
    const path = join(dir, "utf16.jsonl");
    writeFileSync(path, `\uFEFF${LINES[0]}\n${LINES[1]}\n`, "utf16le");
    const worker = start(["file", path]);
    expect(await worker.exited).toBe(EXIT.usage);
    expect(worker.text.split("FILE_NOT_JSONL").length - 1).toBeLessThanOrEqual(1);
    expect(worker.text).not.toMatch(/\n\s+at /);
  });

  test("standard input that never ends: SIGTERM ends it at once, not complete", async () => {
    const worker = start(["file", "-"]);
    expect(await worker.exited).toBe(EXIT.ok); // the test's standard input is empty
    const child = Bun.spawn(["dist/producer", "file", "-"], {
      env: { PATH: process.env.PATH ?? "", ...topics.env },
      stdin: "pipe",
      stdout: "pipe",
    });
    child.stdin.write(`${LINES[0]}\n`);
    await child.stdin.flush();
    await Bun.sleep(2_000);
    const asked = performance.now();
    child.kill("SIGTERM");
    expect(await child.exited).toBe(EXIT.failed);
    expect(performance.now() - asked).toBeLessThan(4_000);
    expect(await new Response(child.stdout).text()).toContain('"complete":false');
    child.stdin.end();
  });
});
