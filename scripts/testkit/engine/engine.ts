import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ManagedProcess } from "../process/managed-process.ts";
import { freePort } from "../process/ports.ts";
import { THREADS } from "./handler.ts";

/** Where a local ClickHouse engine lives and how it runs. */
export interface EngineOptions {
  /** Holds the engine's data; kept over restarts. */
  readonly dir: string;
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Receives the process's output. */
  readonly logFile: string;
  readonly pidFile?: string;
  /** True: keep running after this process has ended. */
  readonly detached?: boolean;
  /** What all queries and merges together may use, in MB; default 3072. */
  readonly memoryMb?: number;
  /** A ClickHouse configuration, which may name users with grants, profiles and quotas; the engine runs as `default`. */
  readonly configFile?: string;
  /** Added to the environment of the process: what the configuration takes from there, or another time zone (TZ). */
  readonly env?: Readonly<Record<string, string>>;
}

/** The ClickHouse engine as a process of its own, reachable like a server over HTTP. */
export class Engine {
  readonly #process: ManagedProcess;

  constructor(readonly options: EngineOptions) {
    const { dir, port, user, password, memoryMb, configFile, logFile, pidFile, detached } = options;
    this.#process = new ManagedProcess({
      name: "clickhouse",
      command: [process.execPath, join(import.meta.dir, "main.ts")],
      env: {
        ENGINE_DIR: dir,
        ENGINE_PORT: String(port),
        ENGINE_USER: user,
        ENGINE_PASSWORD: password,
        ...(memoryMb === undefined ? {} : { ENGINE_MEMORY_MB: String(memoryMb) }),
        ...(configFile === undefined ? {} : { ENGINE_CONFIG_FILE: configFile }),
        UV_THREADPOOL_SIZE: String(THREADS),
        TZ: "UTC",
        ...options.env,
      },
      logFile,
      isReady: async () => (await fetch(`${this.url}/ping`).catch(() => undefined))?.ok === true,
      readyTimeoutMs: 60_000,
      ...(pidFile === undefined ? {} : { pidFile }),
      ...(detached === undefined ? {} : { detached }),
    });
  }

  /** The address for clients, as `http://127.0.0.1:18123`. */
  get url(): string {
    return `http://127.0.0.1:${this.options.port}`;
  }

  /** The pid while the engine runs. */
  get pid(): number | undefined {
    return this.#process.identity?.pid;
  }

  /** Starts the engine on its (new or old) data; resolves with the ms until it answered. @throws {StartError} */
  start(): Promise<number> {
    mkdirSync(this.options.dir, { recursive: true });
    return this.#process.start();
  }

  /** SIGTERM: running statements end first; true when the process ended by itself. */
  stop(): Promise<boolean> {
    return this.#process.stop();
  }

  /** SIGKILL, as a crash would. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** `stop` and `start` on the same data and port; resolves with the ms until it answered again. */
  async restart(): Promise<number> {
    await this.stop();
    return this.start();
  }
}

/** An engine on a free port with data and log in `dir`, which the caller removes, and a random password; not started yet. */
export async function temporaryEngine(dir: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  return new Engine({
    dir: join(dir, "clickhouse"),
    port: await freePort(),
    user: "default",
    password: crypto.randomUUID(),
    logFile: join(dir, "clickhouse.log"),
    ...options,
  });
}
