/**
 * Real Kafka and ClickHouse for integration tests. The classes that run them live in scripts/local, which also serves
 * `make up`; this folder is the one place under workers/ that may import from there, and no worker imports this folder.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Broker } from "./broker/broker.ts";
import { type Engine, temporaryEngine } from "./engine/engine.ts";
import { freePort } from "./process/ports.ts";
import { identify, readPidFile, signal } from "./process/process-identity.ts";

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

const PREFIX = "countinghouse-test-";
const PID_FILES = ["kafka.pid", "clickhouse.pid"] as const;

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
  sweep();
  const dir = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const broker = new Broker({
    dir: join(dir, "kafka"),
    port: await freePort(),
    logFile: join(dir, "kafka.log"),
    pidFile: join(dir, PID_FILES[0]),
  });
  const engine = await temporaryEngine(dir, { pidFile: join(dir, PID_FILES[1]) });
  await Promise.all([broker.start(), engine.start()]);
  const close = async () => {
    await Promise.all([broker.kill(), engine.kill()]);
    rmSync(dir, { recursive: true, force: true });
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

/** Removes what test processes left behind that no longer run; `bun test` gives them no chance to do it themselves. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || identify(pid) !== undefined) continue;
    const dir = join(tmpdir(), name);
    for (const file of PID_FILES) {
      const orphan = readPidFile(join(dir, file));
      if (orphan !== undefined) signal(orphan, "SIGKILL");
    }
    rmSync(dir, { recursive: true, force: true });
  }
}
