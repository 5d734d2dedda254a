import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { dieWithParent } from "./die-with-parent.ts";
import { identify, isAlive, type ProcessIdentity, readPidFile, signal, writePidFile } from "./process-identity.ts";
import { WaitTimeoutError, waitFor } from "./wait-for.ts";

/** How to run a long-lived program and how to see that it is ready. */
export interface ProcessSpec {
  /** Short name for messages, as `kafka`. */
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** File that receives stdout and stderr (appended). */
  readonly logFile: string;
  /** Where the pid is kept, so that a later command finds the process again. */
  readonly pidFile?: string;
  /** True: the process outlives this one and leads its own process group. */
  readonly detached?: boolean;
  /** True once the program answers; asked again and again until `readyTimeoutMs`. */
  readonly isReady: () => Promise<boolean>;
  /** Deadline for readiness in ms. */
  readonly readyTimeoutMs: number;
  /** How long a SIGTERM may take in ms before SIGKILL follows; default 20 000. */
  readonly stopTimeoutMs?: number;
}

/** A program did not become ready, or ended while it was waited for. The message holds the end of its log. */
export class StartError extends Error {
  readonly code = "start_failed";
  readonly retry = false;
}

// Children that share our life are killed when we exit in whatever orderly way; `exit` handlers must be synchronous.
const children = new Set<ProcessIdentity>();
process.on("exit", () => {
  for (const child of children) signal(child, "SIGKILL");
});

/** One program run as a child (or, detached, as a daemon with a pid file). */
export class ManagedProcess {
  #identity: ProcessIdentity | undefined;
  #child: ChildProcess | undefined;

  constructor(readonly spec: ProcessSpec) {}

  /** The running process, also one that an earlier command left behind with a pid file. */
  get identity(): ProcessIdentity | undefined {
    if (this.#identity !== undefined && isAlive(this.#identity)) return this.#identity;
    return this.spec.pidFile === undefined ? undefined : readPidFile(this.spec.pidFile);
  }

  get running(): boolean {
    return this.identity !== undefined;
  }

  /**
   * Starts the program and waits until it is ready; returns how long that took in ms. Does nothing when it runs already.
   * @throws {StartError} when it ends or is not ready in time (it is killed then).
   */
  async start(): Promise<number> {
    const began = performance.now();
    if (!this.running) this.#spawn();
    const { name, isReady, readyTimeoutMs } = this.spec;
    const ready = async () => (this.running ? (await isReady()) || undefined : "ended");
    let outcome: true | "ended";
    try {
      outcome = await waitFor(ready, { timeoutMs: readyTimeoutMs, describe: `${name} to answer` });
    } catch (error) {
      await this.kill();
      if (error instanceof WaitTimeoutError) throw this.#startError(`did not answer within ${readyTimeoutMs} ms`);
      throw error;
    }
    if (outcome === "ended") throw this.#startError("ended during its start");
    return performance.now() - began;
  }

  /** SIGTERM, then SIGKILL after `stopTimeoutMs`; resolves when the process is gone, true when it went by itself. */
  async stop(): Promise<boolean> {
    const target = this.identity;
    if (target === undefined) return true;
    signal(target, "SIGTERM");
    try {
      await this.#gone(target, this.spec.stopTimeoutMs ?? 20_000);
      return true;
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) throw error;
      await this.kill();
      return false;
    }
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    const target = this.identity;
    if (target === undefined) return;
    signal(target, "SIGKILL");
    await this.#gone(target, 10_000);
  }

  /** The last lines of the log, for error messages. */
  logTail(lines = 25): string {
    return tail(this.spec.logFile, lines);
  }

  #spawn(): void {
    const { name, command, env, cwd, logFile, pidFile, detached = false } = this.spec;
    const [program, ...args] = detached ? command : dieWithParent(command);
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, "a");
    const child = spawn(program, args, { cwd, detached, env: { ...process.env, ...env }, stdio: ["ignore", log, log] });
    child.on("error", () => undefined); // a missing program shows as "no pid" below
    closeSync(log);
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (child.pid === undefined) throw new StartError(`${name}: could not run ${program}; is it installed?`);
    if (identity === undefined) throw this.#startError("ended during its start");
    this.#child = child;
    this.#identity = identity;
    if (detached) child.unref();
    else children.add(identity);
    child.once("exit", () => children.delete(identity));
    if (pidFile !== undefined) writePidFile(pidFile, identity);
  }

  async #gone(target: ProcessIdentity, timeoutMs: number): Promise<void> {
    await waitFor(() => !isAlive(target), { timeoutMs, intervalMs: 10, describe: `${this.spec.name} to end` });
    if (this.#child?.pid === target.pid) this.#child = undefined;
    if (this.spec.pidFile !== undefined) readPidFile(this.spec.pidFile);
  }

  #startError(reason: string): StartError {
    return new StartError(`${this.spec.name} ${reason}. The end of ${this.spec.logFile}:\n${this.logTail()}`);
  }
}

/** The last `lines` lines of a text file; empty when it cannot be read. */
export function tail(path: string, lines: number): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}
