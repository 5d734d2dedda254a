import { mkdirSync } from "node:fs";
import { drainPending, Session } from "chdb";
import { toEngineError } from "./errors.ts";

/** What the engine says about a finished statement. */
export interface Outcome {
  /** The result in the asked format; empty when it went to a file. */
  readonly bytes: Uint8Array;
  /** Rows of the result, or rows written by an INSERT. */
  readonly rows: number;
  readonly rowBytes: number;
  readonly elapsedMs: number;
}

/** Runs statements of one request, one after the other, on a connection of its own. */
export interface Connection {
  /** @throws {EngineError} what ClickHouse reports. */
  run(sql: string, format: string): Promise<Outcome>;
}

/**
 * The engine's data directory and its connections. Each request gets a fresh connection (about 0.2 ms): settings,
 * parameters and the current database of one request can then never reach the next.
 */
export class Sessions {
  // While one connection is open the engine keeps running: merges, refreshable views.
  readonly #anchor: Session;
  readonly #args: readonly string[];

  constructor(
    readonly dir: string,
    memoryMb: number,
  ) {
    mkdirSync(dir, { recursive: true });
    this.#args = connectionArgs(memoryMb);
    this.#anchor = this.#open();
  }

  /** Gives the task a connection and closes that afterwards. */
  async use<T>(task: (connection: Connection) => Promise<T>): Promise<T> {
    const session = this.#open();
    try {
      return await task({ run: (sql, format) => run(session, sql, format) });
    } finally {
      session.close();
    }
  }

  /** The engine's version, as `26.7.2.1`. */
  async version(): Promise<string> {
    const { bytes } = await run(this.#anchor, "SELECT version()", "TSVRaw");
    return new TextDecoder().decode(bytes).trim();
  }

  /** Waits for running statements, then shuts the engine down. */
  async close(): Promise<void> {
    await drainPending();
    this.#anchor.close();
    await drainPending();
  }

  #open(): Session {
    return new Session(this.dir, { connectionArgs: this.#args });
  }
}

async function run(session: Session, sql: string, format: string): Promise<Outcome> {
  try {
    const result = await session.queryAsync(sql, { format });
    return {
      bytes: result.bytes(),
      rows: result.rowsRead,
      rowBytes: result.bytesRead,
      elapsedMs: result.elapsed * 1000,
    };
  } catch (error) {
    throw toEngineError(error);
  }
}

function connectionArgs(memoryMb: number): string[] {
  return [
    "--async_load_databases=0",
    "--async_load_system_database=0",
    `--max_server_memory_usage=${memoryMb * 1024 * 1024}`,
    "--mark_cache_size=134217728",
    "--background_pool_size=2",
    // Refreshable views, marks and part cleaning share this pool; two threads would let one slow refresh stop the rest.
    "--background_schedule_pool_size=8",
    // A server does not take a bare expression for a SELECT.
    "--implicit_select=0",
  ];
}
