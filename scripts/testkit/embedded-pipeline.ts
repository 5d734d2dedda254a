import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClickHouse, createClickHouse } from "../../workers/shared/clickhouse/client.ts";
import { Broker, type BrokerConfig } from "./broker/broker.ts";
import { type Engine, type EngineOptions, temporaryEngine } from "./engine/engine.ts";
import { dieWithParent } from "./process/die-with-parent.ts";
import { freePort } from "./process/ports.ts";
import { type RunningWorker, startWorker } from "./worker.ts";

const ROOT = join(import.meta.dir, "../..");
const DATABASE = "countinghouse";

/** Outcome of one `ops` command. */
export type OpsResult = { code: number; stdout: string; stderr: string };

/** What a pipeline has besides the usual. */
export type PipelineOptions = {
  readonly migrateArgs?: readonly string[];
  readonly kafkaMetricsPort?: number;
  /** A listener behind a proxy, and further settings of the broker. */
  readonly kafka?: NonNullable<BrokerConfig["server"]>;
  /** As {@link BrokerConfig}'s. */
  readonly lightlyCompiled?: boolean;
  readonly engine?: Pick<Partial<EngineOptions>, "memoryMb" | "dir">;
};

/**
 * The whole pipeline on free loopback ports and temporary data: a real broker, the real engine, the schema, and the
 * compiled workers as they are asked for. Used by the demo, the benchmarks and the end-to-end tests.
 */
export class EmbeddedPipeline {
  readonly #workers: RunningWorker[] = [];

  private constructor(
    readonly dir: string,
    readonly broker: Broker,
    readonly engine: Engine,
    readonly clickhouse: ClickHouse,
    /** What a worker needs to find Kafka and ClickHouse. */
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /** Starts broker and engine and applies the schema; about 7 s. Needs `make build` to have run. */
  static async start(options: PipelineOptions = {}): Promise<EmbeddedPipeline> {
    const dir = mkdtempSync(join(tmpdir(), "countinghouse-"));
    const { kafkaMetricsPort: metricsPort } = options;
    const broker = new Broker({
      dir: join(dir, "kafka"),
      port: await freePort(),
      logFile: join(dir, "kafka.log"),
      ...(metricsPort === undefined ? {} : { metricsPort }),
      ...(options.kafka === undefined ? {} : { server: options.kafka }),
      ...(options.lightlyCompiled === undefined ? {} : { lightlyCompiled: options.lightlyCompiled }),
    });
    const engine = await temporaryEngine(dir, options.engine);
    const env = {
      KAFKA_BROKERS: broker.brokers,
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
      CLICKHOUSE_TIMEOUT_MS: 120_000,
    });
    const pipeline = new EmbeddedPipeline(dir, broker, engine, clickhouse, env);
    try {
      await Promise.all([broker.start(), engine.start()]);
      const migrated = await pipeline.ops(["migrate", ...(options.migrateArgs ?? [])]);
      if (migrated.code !== 0) throw new Error(`ops migrate failed (${migrated.code}):\n${migrated.stderr}`);
      return pipeline;
    } catch (error) {
      await pipeline.stop();
      throw error;
    }
  }

  /** Starts a consumer; resolves when its process runs, not when it is ready. */
  startConsumer(env: Record<string, string> = {}): RunningWorker {
    return this.#worker("consumer", [], env);
  }

  /** Starts a producer with the given command line. */
  startProducer(args: readonly string[], env: Record<string, string> = {}): RunningWorker {
    return this.#worker("producer", args, env);
  }

  /** Starts `ops` with the given command line, as a watcher is run. */
  startOps(args: readonly string[], env: Record<string, string> = {}): RunningWorker {
    return this.#worker("ops", args, env);
  }

  /** Runs one `ops` command to its end. */
  async ops(args: readonly string[], env: Record<string, string> = {}): Promise<OpsResult> {
    const { PATH = "", HOME = "" } = process.env;
    const child = Bun.spawn(dieWithParent([join(ROOT, "dist/ops"), ...args]), {
      cwd: ROOT,
      env: { PATH, HOME, TZ: "UTC", ...this.env, ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [code, stdout, stderr] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code, stdout, stderr };
  }

  /** One row of a query. */
  async one<Row>(sql: string): Promise<Row> {
    const [row] = await this.clickhouse.query<Row>(sql);
    if (row === undefined) throw new Error(`no row from: ${sql}`);
    return row;
  }

  /** Kills what runs and removes the data. Idempotent. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#workers.splice(0).map((worker) => worker.kill("SIGKILL")));
    await Promise.allSettled([this.clickhouse.close(), this.broker.kill(), this.engine.kill()]);
    rmSync(this.dir, { recursive: true, force: true });
  }

  #worker(binary: string, args: readonly string[], env: Record<string, string>): RunningWorker {
    const worker = startWorker({ binary, args, env: { ...this.env, ...env } });
    this.#workers.push(worker);
    return worker;
  }
}
