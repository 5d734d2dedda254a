import { mkdirSync } from "node:fs";
import { drainPending, Session } from "chdb";
import { EngineError, toEngineError } from "./errors.ts";
import { type EngineRequest, setStatement } from "./request.ts";
import { quoteIdentifier } from "./sql.ts";

/** What the engine says about a finished statement. */
export interface Outcome {
  /** The result in the asked format; empty when it went to a file. */
  readonly bytes: Uint8Array;
  /** Rows of the result, or rows written by an INSERT. */
  readonly rows: number;
  readonly rowBytes: number;
  readonly elapsedMs: number;
}

/** Runs the statements of one request, one after the other. */
export interface Connection {
  /** @throws {EngineError} what ClickHouse reports. */
  run(sql: string, format: string): Promise<Outcome>;
}

/** What a request wants of its connection. */
export type Setup = Pick<EngineRequest, "settings" | "params" | "database">;

// Settings that do not have their default in a fresh session: this front or the binding sets them. A session in which a
// request changed one cannot be put back by `SET … = DEFAULT`.
const PRESET = [
  "allow_introspection_functions",
  "implicit_select",
  "output_format_arrow_use_native_writer",
  "serialize_query_plan",
  "storage_file_read_method",
];

/**
 * The engine's data directory and its sessions. A session runs one statement at a time, so there are as many as there are
 * requests under way; between two requests it is put back to its first state, or closed where that is not possible.
 * (A fresh one per request would be simpler, but the binding really closes a session only once every statement has ended
 * that was running at that moment, anyone's: behind one slow query closed sessions would pile up at 2 MB each.)
 */
export class Sessions {
  // While one session is open the engine keeps running: merges, refreshable views.
  readonly #anchor: Session;
  readonly #args: readonly string[];
  readonly #idle: Session[] = [];

  constructor(
    readonly dir: string,
    memoryMb: number,
    configFile?: string,
  ) {
    mkdirSync(dir, { recursive: true });
    this.#args = connectionArgs(memoryMb);
    if (configFile !== undefined) this.#args = [...this.#args, `--config-file=${configFile}`];
    this.#anchor = this.#open();
  }

  /**
   * Runs a task on a session prepared as asked, then puts that back. `spoils`: the task changes the session itself.
   * @throws {EngineError} when the setup is refused; what the task throws.
   */
  async use<T>(setup: Setup, spoils: boolean, task: (connection: Connection) => Promise<T>): Promise<T> {
    const session = this.#idle.pop() ?? this.#open();
    try {
      const prepare = setStatement(setup);
      if (prepare !== undefined) await run(session, prepare, "Null");
      if (setup.database !== undefined) await run(session, `USE ${quoteIdentifier(setup.database)}`, "Null");
      return await task({ run: (sql, format) => run(session, sql, format) });
    } finally {
      if (!spoils && (await isPutBack(session, setup))) this.#idle.push(session);
      else session.close();
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
    for (const session of [...this.#idle.splice(0), this.#anchor]) session.close();
    await drainPending();
  }

  #open(): Session {
    return new Session(this.dir, { connectionArgs: this.#args });
  }
}

/** Undoes a setup; false when the session cannot be used again. Parameters stay: `missingParameter` guards against them. */
async function isPutBack(session: Session, { settings, database }: Setup): Promise<boolean> {
  const names = [...settings.keys()];
  if (names.some((name) => PRESET.includes(name))) return false;
  try {
    if (names.length > 0) await run(session, `SET ${names.map((name) => `${name} = DEFAULT`).join(", ")}`, "Null");
    if (database !== undefined) await run(session, "USE default", "Null");
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false; // an unknown setting, or one that forbids changes (readonly)
    throw error;
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
