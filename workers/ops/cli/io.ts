import { type Clock, systemClock } from "../../shared/runtime/clock.ts";
import type { Env } from "../../shared/runtime/config.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { ExitCode } from "./exit-codes.ts";
import { createStatusLine } from "./status-line.ts";

/** What a command needs from the process around it; tests pass their own. */
export type CliIo = {
  env: Env;
  clock: Clock;
  /** Results, for stdout. A line break is added. */
  out(text: string): void;
  /** Bytes for stdout as they are, without a line break. */
  outBytes(bytes: Uint8Array): void;
  /** Progress and failures, for stderr. A line break is added. */
  err(text: string): void;
  /** What is being waited for, for stderr: one line that replaces itself on a terminal. */
  progress(text: string): void;
  /** Fires when the user interrupts. */
  signal: AbortSignal;
  /** Asks a yes/no question; false when nobody can answer. */
  confirm(question: string): Promise<boolean>;
  /** Everything on standard input. */
  readStdin(): Promise<Uint8Array>;
  exit(code: ExitCode): void;
};

/** After an interruption, for what was written to reach a pipe before the process ends, ms. */
const FLUSH_MS = 200;

/** The process's own streams. */
export function processIo(): CliIo {
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort());
  process.once("SIGTERM", () => abort.abort());
  const status = createStatusLine(process.stderr);
  const output = createOutput();
  return {
    env: process.env,
    clock: systemClock,
    out: (text) => {
      status.clear();
      output.write(process.stdout, `${text}\n`);
    },
    outBytes: (bytes) => output.write(process.stdout, bytes),
    err: (text) => {
      status.clear();
      output.write(process.stderr, `${text}\n`);
    },
    progress: (text) => status.show(text),
    signal: abort.signal,
    confirm: async (question) => {
      if (!process.stdin.isTTY) return false;
      process.stderr.write(`${question} [y/N] `);
      for await (const line of console) return /^y(es)?$/i.test(line.trim());
      return false;
    },
    readStdin: () => Bun.stdin.bytes(),
    exit: (code) => {
      process.exitCode = code;
      // A connection that nobody answers would keep the process alive.
      const limit = abort.signal.aborted ? [sleep(FLUSH_MS)] : [];
      void Promise.race([output.flushed(), ...limit]).then(() => process.exit(code));
    },
  };
}

/** Knows when everything that was written has left the process: a pipe takes what its reader takes. */
function createOutput() {
  let pending = 0;
  const idle: (() => void)[] = [];
  return {
    write: (stream: NodeJS.WriteStream, text: string | Uint8Array): void => {
      pending++;
      stream.write(text, () => {
        pending--;
        if (pending === 0) for (const resolve of idle.splice(0)) resolve();
      });
    },
    flushed: (): Promise<void> =>
      new Promise((resolve) => {
        if (pending === 0) resolve();
        else idle.push(resolve);
      }),
  };
}
