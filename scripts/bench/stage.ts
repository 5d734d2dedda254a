import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClickHouse, createClickHouse } from "../../workers/shared/clickhouse/client.ts";
import { Broker } from "../testkit/broker/broker.ts";
import { Engine } from "../testkit/engine/engine.ts";
import { dieWithParent } from "../testkit/process/die-with-parent.ts";
import { freePort } from "../testkit/process/ports.ts";

const ROOT = join(import.meta.dir, "../..");
const DATABASE = "countinghouse";

/** A fresh engine with the migrated schema. */
export type Store = {
  engine: Engine;
  clickhouse: ClickHouse;
  /** For files that live as long as the store. */
  dir: string;
  /** What a worker needs to find Kafka and this store. */
  env: Readonly<Record<string, string>>;
  /** One row of a query. */
  one<Row>(sql: string): Promise<Row>;
  /** Ends the engine and removes its data. */
  stop(): Promise<void>;
};

/** One broker for all runs and a store for each, on free loopback ports and temporary data. */
export class Stage {
  readonly #stores = new Set<Store>();

  private constructor(
    readonly dir: string,
    readonly broker: Broker,
  ) {}

  /** Starts the broker. SIGINT and SIGTERM end everything and remove the data. @throws {StartError} */
  static async start(): Promise<Stage> {
    const dir = mkdtempSync(join(tmpdir(), "countinghouse-bench-"));
    const broker = new Broker({
      dir: join(dir, "kafka"),
      port: await freePort(),
      logFile: join(dir, "kafka.log"),
      heapMb: 1_024,
    });
    const stage = new Stage(dir, broker);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => void stage.stop().finally(() => process.exit(130)));
    }
    try {
      await broker.start();
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** Starts an engine on empty data and applies the schema; the topics are there already. */
  async store(): Promise<Store> {
    const dir = join(this.dir, `store-${crypto.randomUUID().slice(0, 8)}`);
    mkdirSync(dir);
    const engine = new Engine({
      dir: join(dir, "clickhouse"),
      port: await freePort(),
      user: "default",
      password: crypto.randomUUID(),
      logFile: join(dir, "clickhouse.log"),
    });
    const env = {
      KAFKA_BROKERS: this.broker.brokers,
      CLICKHOUSE_URL: engine.url,
      CLICKHOUSE_USER: engine.options.user,
      CLICKHOUSE_PASSWORD: engine.options.password,
      CLICKHOUSE_DATABASE: DATABASE,
      HEALTH_PORT: "0",
    };
    const clickhouse = createClickHouse({
      CLICKHOUSE_URL: engine.url,
      CLICKHOUSE_USER: env.CLICKHOUSE_USER,
      CLICKHOUSE_PASSWORD: env.CLICKHOUSE_PASSWORD,
      CLICKHOUSE_DATABASE: DATABASE,
      CLICKHOUSE_TIMEOUT_MS: 300_000,
    });
    const store: Store = {
      engine,
      clickhouse,
      dir,
      env,
      one: async <Row>(sql: string) => {
        const [row] = await clickhouse.query<Row>(sql);
        if (row === undefined) throw new Error(`no row from: ${sql}`);
        return row;
      },
      stop: async () => {
        this.#stores.delete(store);
        await Promise.allSettled([clickhouse.close(), engine.kill()]);
        rmSync(dir, { recursive: true, force: true });
      },
    };
    this.#stores.add(store);
    await engine.start();
    await migrate(env);
    return store;
  }

  /** Ends what runs and removes all data. Idempotent. */
  async stop(): Promise<void> {
    await Promise.allSettled([...this.#stores].map((store) => store.stop()));
    await Promise.allSettled([this.broker.kill()]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function migrate(env: Readonly<Record<string, string>>): Promise<void> {
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn(dieWithParent([join(ROOT, "dist/ops"), "migrate", "--no-topics"]), {
    env: { PATH, HOME, TZ: "UTC", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [code, text] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  if (code !== 0) throw new Error(`ops migrate failed (${code}):\n${text}`);
}
