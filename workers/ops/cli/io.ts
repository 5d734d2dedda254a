import { type Clock, systemClock } from "../../shared/runtime/clock.ts";
import type { Env } from "../../shared/runtime/config.ts";
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

/** For what was written to reach a pipe before the process ends, ms. */
const FLUSH_MS = 200;

/** The process's own streams. */
export function processIo(): CliIo {
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort());
  process.once("SIGTERM", () => abort.abort());
  const status = createStatusLine(process.stderr);
  return {
    env: process.env,
    clock: systemClock,
    out: (text) => {
      status.clear();
      process.stdout.write(`${text}
`);
    },
    outBytes: (bytes) => void process.stdout.write(bytes),
    err: (text) => {
      status.clear();
      process.stderr.write(`${text}
`);
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
      // What was interrupted may still hold connections that would keep the process alive.
      if (abort.signal.aborted) setTimeout(() => process.exit(code), FLUSH_MS);
    },
  };
}
