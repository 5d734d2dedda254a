import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createTestDatabase,
  type RunningWorker,
  startWorker,
  uniqueName,
  useStack,
  waitFor,
} from "../testkit/index.ts";

/** A pipeline as `make up` makes one, small and for one stop of the tour: topics and a database of its own. */
export type Tour = {
  /** Sends lines to Kafka as they are, with `producer file`; an object is a line of JSON. */
  send(...lines: (string | object)[]): Promise<void>;
  /** Starts a worker with the pipeline's configuration. */
  start(binary: "producer" | "consumer" | "ops", ...args: string[]): RunningWorker;
  /** Runs an `ops` command to its end. */
  ops(...args: string[]): Promise<{ code: number; output: string }>;
  /** The rows of a query, numbers of 64 bits as text. */
  sql<Row>(query: string): Promise<Row[]>;
  /** Asks again until the rows are these. @throws {Error} after 30 s, with the rows there are. */
  expectRows(query: string, rows: readonly object[]): Promise<void>;
  /** Deletes a stored event behind the pipeline's back, as a disk or a person might. */
  lose(eventId: string): Promise<void>;
  /** Ends the workers, and removes database and files. */
  end(): Promise<void>;
};

/** Makes topics and a database with `ops migrate` and starts a consumer on them; broker and engine are those of all tests. */
export async function startTour(): Promise<Tour> {
  const stack = await useStack();
  const database = await createTestDatabase(stack.clickhouse, { empty: true });
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-tour-"));
  const name = uniqueName("tour");
  const env = {
    ...database.env,
    KAFKA_BROKERS: stack.brokers,
    KAFKA_EVENTS_TOPIC: `${name}.events`,
    KAFKA_DLQ_TOPIC: `${name}.dlq`,
    KAFKA_LEDGER_TOPIC: `${name}.ledger`,
    KAFKA_GROUP_ID: name,
    KAFKA_LEDGER_GROUP_ID: `${name}-ledger`,
    HEALTH_PORT: "0",
  };
  const workers: RunningWorker[] = [];
  const start: Tour["start"] = (binary, ...args) => {
    const worker = startWorker({ binary, args, env });
    workers.push(worker);
    return worker;
  };
  const output = (worker: RunningWorker) => worker.text;
  const run: (worker: RunningWorker) => ReturnType<Tour["ops"]> = async (worker) => ({
    code: await worker.exited,
    output: output(worker),
  });
  const sql: Tour["sql"] = (query) => database.clickhouse.query(query);

  const migrated = await run(start("ops", "migrate"));
  if (migrated.code !== 0) throw new Error(migrated.output);
  start("consumer");
  return {
    start,
    sql,
    async send(...lines) {
      const file = join(dir, `${crypto.randomUUID()}.jsonl`);
      await Bun.write(
        file,
        lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
      );
      const sent = await run(start("producer", "file", file));
      if (sent.code !== 0) throw new Error(sent.output);
    },
    ops: (...args) => run(start("ops", ...args)),
    async expectRows(query, rows) {
      let found: object[] = [];
      const right = async () => {
        found = await sql<object>(query);
        return Bun.deepEquals(found, [...rows]);
      };
      const describe = () => `${JSON.stringify(rows)}, found ${JSON.stringify(found)}`;
      await waitFor(right, { timeoutMs: 30_000, describe });
    },
    lose: (eventId) =>
      database.clickhouse.command("DELETE FROM events_raw WHERE event_id = {eventId:UUID}", { params: { eventId } }),
    async end() {
      await Promise.all(workers.map((worker) => worker.kill("SIGTERM")));
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A click, `secondsAgo` before now; the five fields that make an event, and where it is from. */
export function click(secondsAgo: number): Record<string, string> {
  const time = new Date(Date.now() - secondsAgo * 1000).toISOString();
  return {
    event_id: crypto.randomUUID(),
    user_id: "user123",
    event_type: "click",
    event_time: time,
    received_time: time,
  };
}
