/**
 * What every worker says, soon, of an address at which nobody answers, of another program in ClickHouse's place, of a topic
 * that does not exist, of a misspelled variable; and that SIGTERM or SIGINT ends its retries at once, without a dump.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { createTestTopics } from "../../workers/producer/testing/read-back.ts";
import { createTestDatabase, startWorker, useStack } from "../testkit/index.ts";

type Env = Readonly<Record<string, string>>;

/** Until the variable must be named, ms, besides what this machine needs for starting a process at all. */
const SOON_MS = 5_000;
/** What a worker may take to end, ms. */
const PROMPT_MS = 4_000;

type Row = {
  binary: string;
  args: readonly string[];
  /** Whether it asks ClickHouse. */
  store: boolean;
  /** Exit code of a signal while it retries; undefined: it does not retry, but ends with `gaveUp`. */
  interrupted: number;
  gaveUp?: number;
};

const WORKERS: readonly Row[] = [
  { binary: "producer", args: ["simulate"], store: false, interrupted: 1 },
  { binary: "producer", args: ["file", "data/events.jsonl"], store: false, interrupted: 1 },
  { binary: "producer", args: ["http", "--port", "0"], store: false, interrupted: 1 },
  { binary: "consumer", args: [], store: true, interrupted: 0 },
  { binary: "console", args: [], store: true, interrupted: 0 },
  { binary: "ops", args: ["verify", "--watch", "--interval", "1s"], store: true, interrupted: 0 },
  { binary: "ops", args: ["verify"], store: true, interrupted: 3, gaveUp: 3 },
  { binary: "ops", args: ["verify", "--audit"], store: true, interrupted: 3, gaveUp: 3 },
  { binary: "ops", args: ["dlq", "list"], store: true, interrupted: 3, gaveUp: 3 },
  { binary: "ops", args: ["doctor"], store: true, interrupted: 3, gaveUp: 1 },
];

let base: Env;
let silent: Server;
let otherServer: ReturnType<typeof Bun.serve>;
let drop: () => Promise<void>;

beforeAll(async () => {
  const stack = await useStack();
  const topics = await createTestTopics(stack.brokers);
  const db = await createTestDatabase(stack.clickhouse);
  drop = () => db.drop();
  base = { ...topics.env, ...db.env, HTTP_PORT: "0", HEALTH_PORT: "0" };
  // Takes connections and never answers.
  silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const page = `<!DOCTYPE html>\n<html><head><title>Welcome!</title></head>${"<p>\n".repeat(50)}</html>`;
  otherServer = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(page, { status: 404 }) });
}, 120_000);
afterAll(async () => {
  silent.close();
  await otherServer.stop(true);
  await drop();
});

const silentAddress = () => {
  const address = silent.address();
  return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
};

/** What this machine needs now for starting a process and for seeing that it ended, ms. */
async function processMs(): Promise<number> {
  const began = performance.now();
  await startWorker({ binary: "ops", args: ["--version"] }).exited;
  return performance.now() - began;
}

/** No stack, no page, and each line says one thing. */
function expectNoDump(text: string): void {
  expect(text).not.toMatch(/\n\s+at |<\/?(html|p)>|\[cause\]/);
}

/** Starts the worker, waits until it names what is wrong, then interrupts it. */
async function walk(row: Row, env: Env, says: RegExp, signal: NodeJS.Signals): Promise<void> {
  const machineMs = 3 * (await processMs());
  const began = performance.now();
  const worker = startWorker({ binary: row.binary, args: row.args, env: { ...base, ...env } });
  try {
    await worker.waitForLog(({ text }) => says.test(text), { timeoutMs: 60_000, describe: String(says) });
    expect(performance.now() - began).toBeLessThan(SOON_MS + machineMs);
    const before = worker.logs.length;
    const asked = performance.now();
    const code = await worker.kill(signal);
    expect(performance.now() - asked).toBeLessThan(PROMPT_MS + machineMs);
    expect([row.interrupted, row.gaveUp ?? row.interrupted]).toContain(code ?? -1);
    expectNoDump(worker.text);
    const after = worker.logs.slice(before).filter(({ json }) => json.level !== "info");
    // At most the line that says it was interrupted; `error` of a command is followed by its `next`.
    const prose = after.filter(({ text }) => !text.startsWith("next: "));
    if (code !== row.gaveUp || row.interrupted === row.gaveUp) expect(prose.length).toBeLessThanOrEqual(1);
  } finally {
    await worker.kill("SIGKILL");
  }
}

const nameOf = ({ binary, args }: Row) => `${binary} ${args.join(" ")}`;
const BROKERS = /KAFKA_BROKERS/;
const URL_VARIABLE = /CLICKHOUSE_URL/;

describe.each(WORKERS.map((row) => [nameOf(row), row] as const))("%s", (_, row) => {
  test("nobody at Kafka's address", async () => {
    await walk(row, { KAFKA_BROKERS: "127.0.0.1:1" }, BROKERS, "SIGTERM");
    await walk(row, { KAFKA_BROKERS: silentAddress() }, BROKERS, "SIGINT");
  });

  if (row.store) {
    test("nobody, or another program, at ClickHouse's address", async () => {
      await walk(row, { CLICKHOUSE_URL: "http://127.0.0.1:1" }, URL_VARIABLE, "SIGTERM");
      await walk(row, { CLICKHOUSE_URL: `http://${silentAddress()}` }, URL_VARIABLE, "SIGINT");
      const page = { CLICKHOUSE_URL: `http://127.0.0.1:${otherServer.port}` };
      await walk(row, page, /CLICKHOUSE_URL/, "SIGTERM");
    });
  }

  test("a topic that does not exist", async () => {
    // The dead letters are listed from the store alone.
    if (row.args[0] === "dlq") return;
    await walk(row, { KAFKA_EVENTS_TOPIC: "evnts" }, /evnts \(KAFKA_EVENTS_TOPIC\)/, "SIGINT");
  });

  test("a misspelled variable", async () => {
    const worker = startWorker({ binary: row.binary, args: row.args, env: { ...base, KAFKA_BROKRS: "x:1" } });
    expect(await worker.exited).toBe(2);
    expect(worker.text).toContain("KAFKA_BROKRS: did you mean KAFKA_BROKERS?");
    expectNoDump(worker.text);
  });
});
