import {
  createTestDatabase,
  insertEventRows,
  startTcpProxy,
  type TestDatabase,
  uniqueName,
  useStack,
  waitFor,
} from "../../../scripts/testkit/index.ts";
import { createClickHouse } from "../../shared/clickhouse/client.ts";
import {
  DEAD_LETTERS_COLUMNS,
  DEAD_LETTERS_TABLE,
  type DeadLetterRow,
  encodeDeadLetterRows,
} from "../../shared/clickhouse/tables/dead-letters.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { dateTime64, encodeJsonRows } from "../../shared/clickhouse/tables/json-rows.ts";
import {
  encodeLedgerCounts,
  LEDGER_COUNTS_COLUMNS,
  LEDGER_COUNTS_TABLE,
} from "../../shared/clickhouse/tables/ledger.ts";
import {
  encodeVerificationRuns,
  VERIFICATION_RUNS_COLUMNS,
  VERIFICATION_RUNS_TABLE,
  type VerificationRun,
} from "../../shared/clickhouse/tables/verification-runs.ts";
import { createKafkaClient } from "../../shared/kafka/client.ts";
import { ensureTopics, topicSpecs } from "../../shared/kafka/topics.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import type { Env } from "../../shared/runtime/config.ts";
import { createLogger } from "../../shared/runtime/logger.ts";
import { MAX_BODY_BYTES } from "../api/actions.ts";
import { type ConsoleConfig, loadConsoleConfig } from "../config.ts";
import { createConsole } from "../console.ts";
import { startLagWatch } from "../data/lag.ts";
import { type ConsoleMetrics, createConsoleMetrics } from "../metrics.ts";
import { startConsoleServer } from "../server.ts";
import { ledgerOf } from "./sample-data.ts";

export const TOKEN = "a-token-for-tests-0123456789";

/** A console on a free port with a database and topics of its own; ClickHouse is reached through a proxy that can fail. */
export type ConsoleFixture = {
  url: string;
  config: ConsoleConfig;
  db: TestDatabase;
  proxy: Awaited<ReturnType<typeof startTcpProxy>>;
  metrics: ConsoleMetrics;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** JSON of an answer with status 200. */
  json<T>(path: string): Promise<T>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Stores events with the ledger that goes with them, and waits until the views show them. */
  seed(rows: EventRow[]): Promise<void>;
  storeEvents(rows: EventRow[]): Promise<void>;
  storeLetters(rows: DeadLetterRow[]): Promise<void>;
  storeRuns(runs: VerificationRun[]): Promise<void>;
  /** What the continuous audit saves, of two partitions proven until these times (Unix ms). */
  storeProof(provenUntilMs: readonly [number, number], difference?: string): Promise<void>;
  close(): Promise<void>;
};

const INSERT_ROWS = 50_000;

export async function createConsoleFixture(env: Env = {}): Promise<ConsoleFixture> {
  const stack = await useStack();
  const db = await createTestDatabase(stack.clickhouse);
  const target = new URL(db.config.CLICKHOUSE_URL);
  const proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
  const name = uniqueName("console");
  const config = loadConsoleConfig({
    ...db.env,
    CLICKHOUSE_URL: `http://127.0.0.1:${proxy.port}`,
    KAFKA_BROKERS: stack.brokers,
    KAFKA_EVENTS_TOPIC: name,
    KAFKA_DLQ_TOPIC: `${name}.dlq`,
    KAFKA_LEDGER_TOPIC: `${name}.ledger`,
    KAFKA_GROUP_ID: name,
    HTTP_PORT: "0",
    CONSOLE_TOKEN: TOKEN,
    LOG_LEVEL: "silent",
    ...env,
  });
  const logger = createLogger({ name: "console", level: config.LOG_LEVEL });
  const admin = createKafkaClient(config, logger).admin();
  await admin.connect();
  await ensureTopics(admin, topicSpecs(config, { partitions: 2, retentionMs: 3_600_000 }), 1);
  await admin.disconnect();

  const metrics = createConsoleMetrics();
  const client = createClickHouse(config);
  const lag = startLagWatch(config, { logger, clock: systemClock });
  const app = createConsole(config, {
    readClient: client,
    writeClient: client,
    lag: lag.current,
    metrics,
    clock: systemClock,
    logger,
    checks: { live: {}, ready: {} },
  });
  const server = await startConsoleServer(
    { host: "127.0.0.1", port: 0, maxBodyBytes: MAX_BODY_BYTES, keepAliveMs: 30_000 },
    app,
  );
  const url = `http://127.0.0.1:${server.port}`;

  const get = (path: string, init?: RequestInit) => fetch(`${url}${path}`, { redirect: "manual", ...init });
  const storeEvents = async (rows: EventRow[]) => {
    for (let at = 0; at < rows.length; at += INSERT_ROWS) {
      await insertEventRows(db.clickhouse, rows.slice(at, at + INSERT_ROWS));
    }
  };
  const count = async (sql: string) => Number((await db.clickhouse.query<{ n: string }>(sql))[0]?.n);
  return {
    url,
    config,
    db,
    proxy,
    metrics,
    get,
    json: async <T>(path: string) => {
      const response = await get(path);
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    post: (path, body, headers = {}) =>
      get(path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
    seed: async (rows) => {
      await db.clickhouse.insert(LEDGER_COUNTS_TABLE, LEDGER_COUNTS_COLUMNS, encodeLedgerCounts(ledgerOf(rows)));
      await storeEvents(rows);
      await waitFor(
        async () =>
          (await count("SELECT sum(events) AS n FROM events_per_minute")) === rows.length &&
          (await count("SELECT sum(events) AS n FROM events_per_hour")) === rows.length,
        { timeoutMs: 90_000, intervalMs: 300, describe: "the views to show all events" },
      );
    },
    storeEvents,
    storeLetters: (rows) => db.clickhouse.insert(DEAD_LETTERS_TABLE, DEAD_LETTERS_COLUMNS, encodeDeadLetterRows(rows)),
    storeRuns: (runs) =>
      db.clickhouse.insert(VERIFICATION_RUNS_TABLE, VERIFICATION_RUNS_COLUMNS, encodeVerificationRuns(runs)),
    storeProof: async (provenUntilMs, difference = "") => {
      const rows = provenUntilMs.map((ms, partition) => ({
        topic: name,
        kafka_partition: partition,
        next_offset: 10,
        proven_until: dateTime64(ms),
        difference: partition === 0 ? difference : "",
        version: Date.now(),
      }));
      const columns = ["topic", "kafka_partition", "next_offset", "proven_until", "difference", "version"];
      await db.clickhouse.insert("proof_progress", columns, encodeJsonRows(rows));
    },
    close: async () => {
      await server.stop();
      await lag.stop();
      await client.close();
      await db.drop();
      await proxy.stop();
    },
  };
}

/** A dead letter with sane defaults. */
export function deadLetter(fields: Partial<DeadLetterRow> & Pick<DeadLetterRow, "offset">): DeadLetterRow {
  const payload = fields.payload ?? Buffer.from('{"event_id":');
  return {
    topic: "events",
    partition: 0,
    appendTimeMs: Date.now() - 60_000,
    payloadHash: Bun.hash.xxHash64(payload),
    errorClass: "malformed_json",
    reason: "not JSON: it ends too early",
    key: Buffer.from("user-1"),
    headersJson: "{}",
    ...fields,
    payload,
  };
}

/** A verification run with sane defaults. */
export function verificationRun(fields: Partial<VerificationRun> = {}): VerificationRun {
  return {
    runId: crypto.randomUUID(),
    runAtMs: Date.now() - 5_000,
    kind: "verify",
    verdict: "exact",
    provenUntilMs: Date.now() - 90_000,
    hoursProvenUntilMs: undefined,
    durationMs: 640,
    checkedEvents: 12_345,
    missing: 0,
    surplus: 0,
    conflicts: 0,
    detailsJson: "{}",
    ...fields,
  };
}

/** The body of a notification. */
export function notification(
  alert: {
    name?: string;
    status?: "firing" | "resolved";
    severity?: string;
    fingerprint?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    startsAt?: string;
    endsAt?: string;
    generatorURL?: string;
  } = {},
) {
  const {
    name = "FreshnessStale",
    status = "firing",
    severity = "warning",
    fingerprint = "00aa11bb22cc33dd",
    ...rest
  } = alert;
  return {
    version: "4",
    groupKey: "{}:{}",
    receiver: "console",
    status,
    alerts: [
      {
        status,
        startsAt: "2026-05-01T12:00:00.123Z",
        endsAt: "0001-01-01T00:00:00Z",
        annotations: { summary: "No new event for 65 s" },
        generatorURL: "http://prometheus.example/graph",
        fingerprint,
        ...rest,
        labels: { alertname: name, severity, ...rest.labels },
      },
    ],
  };
}

/** Logs in with {@link TOKEN} as a browser does. */
export async function logIn(fixture: ConsoleFixture): Promise<{ answer: Response; cookie: string }> {
  const answer = await fixture.get("/login", {
    method: "POST",
    body: new URLSearchParams({ token: TOKEN, to: "/events" }),
    headers: { origin: fixture.url },
  });
  return { answer, cookie: (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
}
