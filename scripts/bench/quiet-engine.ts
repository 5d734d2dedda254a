import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClickHouse, createClickHouse } from "../../workers/shared/clickhouse/client.ts";
import { createDatabase, migrate } from "../../workers/shared/clickhouse/migrate.ts";
import { Engine } from "../testkit/engine/engine.ts";
import { freePort } from "../testkit/process/ports.ts";
import { cpuSeconds } from "../testkit/process/process-stats.ts";

const REFRESHES = ["events_per_minute_refresh", "events_per_hour_refresh"] as const;
/** CPU of an engine with nothing to do, seconds per second, generously: its own housekeeping. */
const IDLE_CPU = 0.12;

/** An engine of its own for measurements of one statement or table at a time. */
export class QuietEngine {
  readonly #open: ClickHouse[] = [];

  private constructor(
    readonly engine: Engine,
    private readonly dir: string,
  ) {}

  /** Starts on temporary data (below TMPDIR). */
  static async start(): Promise<QuietEngine> {
    const dir = mkdtempSync(join(tmpdir(), "countinghouse-engine-"));
    const engine = new Engine({
      dir: join(dir, "clickhouse"),
      port: await freePort(),
      user: "default",
      password: crypto.randomUUID(),
      logFile: join(dir, "clickhouse.log"),
      memoryMb: 8192,
    });
    await engine.start();
    return new QuietEngine(engine, dir);
  }

  /** A new database with the whole schema and its refreshes stopped. */
  async database(name: string): Promise<ClickHouse> {
    const config = {
      CLICKHOUSE_URL: this.engine.url,
      CLICKHOUSE_USER: this.engine.options.user,
      CLICKHOUSE_PASSWORD: this.engine.options.password,
      CLICKHOUSE_TIMEOUT_MS: 3_600_000,
    };
    const admin = createClickHouse({ ...config, CLICKHOUSE_DATABASE: "default" });
    await createDatabase(admin, name);
    await admin.close();
    const clickhouse = createClickHouse({ ...config, CLICKHOUSE_DATABASE: name });
    this.#open.push(clickhouse);
    await migrate(clickhouse);
    await this.refresh(clickhouse, false);
    return clickhouse;
  }

  async refresh(clickhouse: ClickHouse, on: boolean): Promise<void> {
    for (const view of REFRESHES) await clickhouse.command(`SYSTEM ${on ? "START" : "STOP"} VIEW ${view}`);
  }

  /** CPU time used so far, seconds. */
  cpu(): number {
    const { pid } = this.engine;
    if (pid === undefined) throw new Error("the engine does not run");
    return cpuSeconds(pid);
  }

  /** Waits until merges have ended and the engine idles. */
  async settle(clickhouse: ClickHouse): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const before = this.cpu();
      await Bun.sleep(500);
      const [merges] = await clickhouse.query<{ n: string }>("SELECT count() AS n FROM system.merges");
      quiet = merges?.n === "0" && this.cpu() - before < IDLE_CPU / 2 ? quiet + 1 : 0;
    }
  }

  /** CPU and wall time of one statement, ms: the least of `runs` after one for warmth. */
  async cost(clickhouse: ClickHouse, sql: string, runs = 3): Promise<{ cpuMs: number; wallMs: number }> {
    await clickhouse.command(sql);
    let best = { cpuMs: Number.POSITIVE_INFINITY, wallMs: Number.POSITIVE_INFINITY };
    for (let run = 0; run < runs; run++) {
      const cpu = this.cpu();
      const began = performance.now();
      await clickhouse.command(sql);
      const wallMs = performance.now() - began;
      const cpuMs = (this.cpu() - cpu) * 1000;
      best = { cpuMs: Math.min(best.cpuMs, cpuMs), wallMs: Math.min(best.wallMs, wallMs) };
    }
    return best;
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#open.map((clickhouse) => clickhouse.close()));
    await this.engine.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
