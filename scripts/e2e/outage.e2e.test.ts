/**
 * Workers that are running when Kafka or ClickHouse goes away, and are told to stop while it is away: the exit code says
 * what became of their work, and the log says it in a few lines, without a stack or a dump.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createTestTopics } from "../../workers/producer/testing/read-back.ts";
import {
  createTestDatabase,
  type OwnStack,
  ownStack,
  type RunningWorker,
  startWorker,
  type TestDatabase,
} from "../testkit/index.ts";

type Outage = "ClickHouse" | "Kafka";

type Row = {
  binary: string;
  args: readonly string[];
  /** The log has this once it works. */
  ready: string;
  /** Exit code by what is away. */
  code: Readonly<Record<Outage, number>>;
};

const WORKERS: readonly Row[] = [
  // What it has read and not stored will be read again: nothing is lost.
  { binary: "consumer", args: [], ready: "consumer started", code: { ClickHouse: 0, Kafka: 0 } },
  { binary: "console", args: [], ready: "console ready", code: { ClickHouse: 0, Kafka: 0 } },
  {
    binary: "ops",
    args: ["verify", "--watch", "--interval", "2s"],
    ready: "watching",
    code: { ClickHouse: 0, Kafka: 0 },
  },
  // Without Kafka, events they have taken are nowhere, and their ledgers stay open.
  { binary: "producer", args: ["simulate", "--rate", "50"], ready: "ready", code: { ClickHouse: 0, Kafka: 1 } },
  { binary: "producer", args: ["http", "--port", "0"], ready: "ready", code: { ClickHouse: 0, Kafka: 1 } },
];
/** How long the outage lasts before the signal, ms. */
const OUTAGE_MS = 3_000;
/** What a worker may take to end, ms, with the grace periods below. */
const PROMPT_MS = 15_000;
/** Warnings and errors of one worker in the outage and after the signal. */
const FEW_LINES = 12;

let stack: OwnStack;
let db: TestDatabase;
let env: Readonly<Record<string, string>>;
let running: RunningWorker[] = [];

beforeAll(async () => {
  stack = await ownStack();
  const topics = await createTestTopics(stack.brokers);
  db = await createTestDatabase(stack.clickhouse);
  env = {
    ...topics.env,
    ...db.env,
    HTTP_PORT: "0",
    HEALTH_PORT: "0",
    SHUTDOWN_GRACE_MS: "2000",
    DRAIN_TIMEOUT_MS: "2000",
  };
}, 120_000);
afterAll(async () => {
  for (const worker of running) if (worker.exitCode === null) await worker.kill("SIGKILL");
  await stack.close();
}, 60_000);

const nameOf = ({ binary, args }: Row) => [binary, ...args].join(" ");

async function startAll(rows: readonly Row[]) {
  return Promise.all(
    rows.map(async (row) => {
      const worker = startWorker({ binary: row.binary, args: row.args, env });
      running = [...running, worker];
      await worker.waitForLog(({ json }) => json.msg === row.ready, { timeoutMs: 60_000, describe: nameOf(row) });
      return { row, worker };
    }),
  );
}

/** Starts the workers, takes it away, and tells them all to stop. */
async function outage(what: Outage, takeAway: () => Promise<unknown>): Promise<void> {
  const workers = await startAll(WORKERS);
  const before = workers.map(({ worker }) => worker.logs.length);
  await takeAway();
  await Bun.sleep(OUTAGE_MS);
  const asked = performance.now();
  const codes = await Promise.all(workers.map(async ({ row, worker }) => [nameOf(row), await worker.kill("SIGTERM")]));
  expect(codes).toEqual(workers.map(({ row }) => [nameOf(row), row.code[what]]));
  expect(performance.now() - asked).toBeLessThan(PROMPT_MS);
  for (const [i, { row, worker }] of workers.entries()) {
    const lines = worker.logs.slice(before[i]);
    const text = lines.map((line) => line.text).join("\n");
    expect(text).not.toMatch(/^\s+at |\[cause\]|"stack"/m);
    const alarming = lines.filter(({ json }) => json.level !== "info").map((line) => line.text);
    expect([nameOf(row), alarming.length <= FEW_LINES ? [] : alarming]).toEqual([nameOf(row), []]);
    if (row.binary === "producer") expect(summaryOf(lines)).toMatchObject({ complete: row.code[what] === 0 });
  }
}

const summaryOf = (lines: RunningWorker["logs"]) => lines.find(({ json }) => json.msg === "summary")?.json;

test("ClickHouse goes away", async () => {
  await outage("ClickHouse", () => stack.engine.kill()).finally(() => stack.engine.start());
}, 120_000);

test("Kafka goes away", async () => {
  await outage("Kafka", () => stack.broker.kill());
}, 120_000);
