import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type OwnStack, ownStack, type RunningWorker, startWorker, waitFor } from "../../scripts/testkit/index.ts";
import { createTestTopics, instanceOf, ledgerGroups, readAll, readLedger, recount } from "./testing/read-back.ts";

const ENTRY = "workers/producer/main.ts";
let stack: OwnStack;
let running: RunningWorker[] = [];

beforeAll(async () => {
  stack = await ownStack();
}, 120_000);
afterAll(async () => {
  for (const worker of running) if (worker.exitCode === null) await worker.kill("SIGKILL");
  await stack.close();
}, 60_000);

function start(args: string[], env: Readonly<Record<string, string>>): RunningWorker {
  const worker = startWorker({ entry: ENTRY, args, env });
  running = [...running, worker];
  return worker;
}

const MIXED = ["--late-share", "0.1", "--late-range", "1-2", "--duplicate-share", "0.1", "--malformed-share", "0.02"];

function summaryOf(worker: RunningWorker): Record<string, unknown> {
  const line = worker.logs.find(({ json }) => json.msg === "summary");
  if (!line) throw new Error(`no summary; the log:\n${worker.text}`);
  return line.json;
}

describe("simulated source", () => {
  test("a finished run: the closed ledger equals what is in the topic", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const worker = start(["simulate", "--rate", "3000", "--count", "6000", "--drain-held", "now", ...MIXED], env);
    expect(await worker.exited).toBe(0);
    const summary = summaryOf(worker);
    expect(summary).toMatchObject({ complete: true, unknown: 0, unsent: 0, refused: 0, held_dropped: 0 });
    expect(Number(summary.events) + Number(summary.malformed)).toBe(6000);

    const messages = await readAll(kafka, config.KAFKA_EVENTS_TOPIC);
    expect(messages.length).toBe(Number(summary.acknowledged));
    const ledger = await readLedger(kafka, config.KAFKA_LEDGER_TOPIC);
    expect(ledgerGroups(ledger)).toEqual(recount(messages));
    const instance = instanceOf(ledger);
    expect(instance).toMatchObject({ state: "closed", count: Number(summary.events), unknown: 0 });
    expect(new Set(messages.map((message) => message.instance))).toEqual(new Set([instance.instance]));
    // One key, one partition.
    const partitions = new Map<string | null, number>();
    for (const { key, partition } of messages) expect(partitions.get(key) ?? partition).toBe(partition);
  }, 60_000);

  test("SIGTERM: what was taken is sent, the ledger is closed, held-back events are dropped and counted", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const worker = start(["simulate", "--rate", "2000", "--late-share", "0.2", "--late-range", "60-90"], env);
    await worker.waitForLog(({ json }) => json.msg === "ready");
    await waitFor(async () => (await readLedger(kafka, config.KAFKA_LEDGER_TOPIC)).length > 10, {
      timeoutMs: 30_000,
      describe: "counts in the ledger",
    });
    expect(await worker.kill("SIGTERM")).toBe(0);
    const summary = summaryOf(worker);
    expect(summary.complete).toBe(true);
    expect(Number(summary.held_dropped)).toBeGreaterThan(0);
    const ledger = await readLedger(kafka, config.KAFKA_LEDGER_TOPIC);
    expect(instanceOf(ledger).state).toBe("closed");
    expect(ledgerGroups(ledger)).toEqual(recount(await readAll(kafka, config.KAFKA_EVENTS_TOPIC)));
  }, 60_000);

  test("SIGKILL: the ledger stays open and never says more than is in the topic", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const worker = start(["simulate", "--rate", "2000", "--late-share", "0"], { ...env, LEDGER_INTERVAL_MS: "100" });
    await waitFor(async () => (await readLedger(kafka, config.KAFKA_LEDGER_TOPIC)).length > 10, {
      timeoutMs: 30_000,
      describe: "counts in the ledger",
    });
    await worker.kill("SIGKILL");
    const ledger = await readLedger(kafka, config.KAFKA_LEDGER_TOPIC);
    expect(instanceOf(ledger).state).toBe("open");
    const topic = recount(await readAll(kafka, config.KAFKA_EVENTS_TOPIC));
    for (const [key, { count }] of ledgerGroups(ledger)) {
      expect(count).toBeLessThanOrEqual(topic.get(key)?.count ?? 0);
    }
  }, 60_000);

  test("SIGKILL of the broker while sending: nothing acknowledged is missing, nothing is lost", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const worker = start(["simulate", "--rate", "3000", "--seconds", "8", "--drain-held", "now", ...MIXED], {
      ...env,
      SHUTDOWN_GRACE_MS: "60000",
    });
    await worker.waitForLog(({ json }) => json.msg === "ready");
    await Bun.sleep(2_000); // so that the kill hits requests under way; nothing depends on when exactly
    await stack.broker.kill();
    await stack.broker.start();
    expect(await worker.exited).toBe(0);
    const summary = summaryOf(worker);
    expect(summary).toMatchObject({ complete: true, unknown: 0, unsent: 0 });
    const ledger = await readLedger(kafka, config.KAFKA_LEDGER_TOPIC);
    expect(instanceOf(ledger)).toMatchObject({ state: "closed", count: Number(summary.events) });
    const messages = await readAll(kafka, config.KAFKA_EVENTS_TOPIC);
    expect(ledgerGroups(ledger)).toEqual(recount(messages));
    expect(messages.length).toBeGreaterThanOrEqual(Number(summary.acknowledged));
  }, 120_000);

  test("SIGTERM while the broker is away: given up after the grace period, exit 1, the ledger stays open", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const worker = start(["simulate", "--rate", "1000"], { ...env, SHUTDOWN_GRACE_MS: "500" });
    await worker.waitForLog(({ json }) => json.msg === "progress");
    await stack.broker.kill();
    await worker.waitForLog(({ json }) => json.component === "kafka" && json.level === "warn");
    expect(await worker.kill("SIGTERM")).toBe(1);
    const summary = summaryOf(worker);
    expect(summary.complete).toBe(false);
    expect(Number(summary.unknown)).toBeGreaterThan(0);
    await stack.broker.start();
    expect(instanceOf(await readLedger(kafka, config.KAFKA_LEDGER_TOPIC)).state).toBe("open");
  }, 120_000);

  test("waits for its topics and says so", async () => {
    const worker = start(["simulate", "--count", "1"], { KAFKA_BROKERS: stack.brokers, KAFKA_EVENTS_TOPIC: "absent" });
    const line = await worker.waitForLog(({ json }) => json.msg === "waiting for Kafka");
    expect(line.json.next).toContain("ops migrate");
    await worker.kill("SIGTERM");
  }, 30_000);
});

describe("what cannot start", () => {
  test("a port that is taken is named once, without a stack, and nothing is complete", async () => {
    const { env } = await createTestTopics(stack.brokers);
    using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const worker = start(["http", "--port", String(taken.port)], env);
    expect(await worker.exited).toBe(1);
    const errors = worker.logs.filter(({ json }) => json.level === "error");
    expect(errors.map(({ json }) => [json.code, json.stack])).toEqual([["CANNOT_LISTEN", undefined]]);
    expect(errors[0]?.text).toContain("--port");
    expect(summaryOf(worker).complete).toBe(false);
  }, 30_000);
});

describe("file source", () => {
  test("sends every line of a file with a byte order mark, and is complete", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const path = `/tmp/${config.KAFKA_EVENTS_TOPIC}.jsonl`;
    await Bun.write(path, '\uFEFF{"user_id":"u1"}\r\n{"user_id":"u2"}\r\n');
    const worker = start(["file", path], env);
    expect(await worker.exited).toBe(0);
    expect(summaryOf(worker)).toMatchObject({ complete: true, acknowledged: 2, lines_left: 0, malformed: 0 });
    const values = (await readAll(kafka, config.KAFKA_EVENTS_TOPIC)).map(({ value }) => String(value));
    expect(values.sort()).toEqual(['{"user_id":"u1"}', '{"user_id":"u2"}']);
    await Bun.file(path).delete();
  }, 60_000);

  test("sends every line as it is, broken ones too", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const path = `/tmp/${config.KAFKA_EVENTS_TOPIC}.jsonl`;
    const lines = ['{"user_id":"u1","n":1.10}', "broken", "", '{"user_id":"u1","n":2}', '{"user_id":"u2"}\r', "last"];
    await Bun.write(path, lines.join("\n"));
    const worker = start(["file", path, "--repeat", "2"], env);
    expect(await worker.exited).toBe(0);
    const messages = await readAll(kafka, config.KAFKA_EVENTS_TOPIC);
    const expected = ['{"user_id":"u1","n":1.10}', "broken", '{"user_id":"u1","n":2}', '{"user_id":"u2"}', "last"];
    expect(messages.map(({ value }) => value?.toString()).sort()).toEqual([...expected, ...expected].sort());
    const ofU1 = messages.filter(({ key }) => key === "u1").map(({ value }) => value?.toString());
    expect(ofU1).toEqual([expected[0], expected[2], expected[0], expected[2]]);
    expect(messages.every(({ instance }) => instance === undefined)).toBe(true);
    const ledger = await readLedger(kafka, config.KAFKA_LEDGER_TOPIC);
    expect(instanceOf(ledger)).toMatchObject({ state: "closed", count: messages.length });
    await Bun.file(path).delete();
  }, 60_000);

  test("SIGTERM midway: not complete, what was not sent is counted, and the exit code says so", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const path = `/tmp/${config.KAFKA_EVENTS_TOPIC}.jsonl`;
    await Bun.write(path, Array.from({ length: 5_000 }, (_, n) => `{"user_id":"u","n":${n}}`).join("\n"));
    const worker = start(["file", path, "--rate", "100"], env);
    await worker.waitForLog(({ json }) => json.msg === "ready");
    await Bun.sleep(700);
    expect(await worker.kill("SIGTERM")).toBe(1);
    const summary = summaryOf(worker);
    const sent = Number(summary.events);
    expect(sent).toBeGreaterThan(0);
    expect(summary).toMatchObject({ complete: false, acknowledged: sent, lines_left: 5_000 - sent });
    expect((await readAll(kafka, config.KAFKA_EVENTS_TOPIC)).length).toBe(sent);
    await Bun.file(path).delete();
  }, 60_000);

  test("a line that the brokers refuse: not complete, the others are sent and counted", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const path = `/tmp/${config.KAFKA_EVENTS_TOPIC}.jsonl`;
    await Bun.write(path, [`{"n":"${"x".repeat(3_000_000)}"}`, '{"n":1}', '{"n":2}'].join("\n"));
    const worker = start(["file", path], env);
    expect(await worker.exited).toBe(1);
    expect(summaryOf(worker)).toMatchObject({ complete: false, refused: 1, acknowledged: 2, lines_left: 0 });
    const stored = (await readAll(kafka, config.KAFKA_EVENTS_TOPIC)).map(({ value }) => String(value).slice(0, 20));
    // What shared its request with the refused line may have been sent twice.
    expect(new Set(stored)).toEqual(new Set(['{"n":1}', '{"n":2}']));
    await Bun.file(path).delete();
  }, 60_000);

  test.each([
    [["/tmp/no-such-file.jsonl"], "no such file"],
    [["/tmp"], "is a directory"],
    [["-", "--shift-time"], "FILE_SHIFT_TIME: standard input or a pipe"],
  ])(
    "what cannot be read is one clear message and exit 2: %p",
    async (args, text) => {
      const worker = start(["file", ...args], { KAFKA_BROKERS: stack.brokers });
      expect(await worker.exited).toBe(2);
      expect(worker.logs.length).toBeLessThanOrEqual(2);
      expect(worker.text).toContain(text);
    },
    30_000,
  );
});
