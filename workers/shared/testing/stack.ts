/**
 * Real Kafka and ClickHouse for integration tests. The classes that run them live in scripts/local, which also serves
 * `make up`; this folder is the one place under workers/ that may import from there, and no worker imports this folder.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../scripts/lib/ports.ts";
import { Engine } from "../../../scripts/local/engine/engine.ts";
import { Broker } from "../../../scripts/local/kafka/broker.ts";

/** How to reach ClickHouse. */
export interface ClickHouseAddress {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** How to reach the test's Kafka and ClickHouse. */
export interface Stack {
  /** Kafka bootstrap list, as `127.0.0.1:9092`. */
  readonly brokers: string;
  readonly clickhouse: ClickHouseAddress;
}

/** A broker and an engine that belong to one test, which may stop, kill and restart them. */
export interface OwnStack extends Stack {
  readonly broker: Broker;
  readonly engine: Engine;
  /** Ends both and removes their data. */
  readonly close: () => Promise<void>;
}

let shared: Promise<Stack> | undefined;

/**
 * The stack shared by all tests: the one named by TEST_KAFKA_BROKERS and TEST_CLICKHOUSE_URL/_USER/_PASSWORD (set by
 * `make test`), otherwise one started for this process and ended with it. Tests share its data, so they use unique names
 * (`uniqueName`) for topics and databases, and must not stop it; for that there is `ownStack`.
 */
export function useStack(): Promise<Stack> {
  shared ??= stackFromEnv() ?? ownStack();
  return shared;
}

/** Starts a broker and an engine for one test on free ports and temporary data. Takes about 5 s. */
export async function ownStack(): Promise<OwnStack> {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-"));
  const broker = new Broker({ dir: join(dir, "kafka"), port: await freePort(), logFile: join(dir, "kafka.log") });
  const engine = new Engine({
    dir: join(dir, "clickhouse"),
    port: await freePort(),
    user: "default",
    password: "test-password",
    logFile: join(dir, "clickhouse.log"),
  });
  const remove = () => rmSync(dir, { recursive: true, force: true });
  process.once("exit", remove);
  await Promise.all([broker.start(), engine.start()]);
  const close = async () => {
    await Promise.all([broker.kill(), engine.kill()]);
    process.off("exit", remove);
    remove();
  };
  const { user, password } = engine.options;
  return { brokers: broker.brokers, clickhouse: { url: engine.url, user, password }, broker, engine, close };
}

function stackFromEnv(): Promise<Stack> | undefined {
  const { TEST_KAFKA_BROKERS: brokers, TEST_CLICKHOUSE_URL: url } = process.env;
  if (brokers === undefined || url === undefined) return undefined;
  const { TEST_CLICKHOUSE_USER: user = "default", TEST_CLICKHOUSE_PASSWORD: password = "" } = process.env;
  return Promise.resolve({ brokers, clickhouse: { url, user, password } });
}
