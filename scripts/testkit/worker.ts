import { existsSync } from "node:fs";
import { join } from "node:path";
import { dieWithParent } from "./process/die-with-parent.ts";
import { waitFor } from "./process/wait-for.ts";

const ROOT = join(import.meta.dir, "../..");

/** What to run: a compiled binary of `dist/`, or an entry file. */
export interface WorkerSpec {
  /** Name of the binary in `dist/`. Where it is missing, `entry` is run by Bun instead. */
  readonly binary?: string;
  /** Entry file, relative to the repository. */
  readonly entry?: string;
  readonly args?: readonly string[];
  /** The whole configuration: besides this the worker gets only PATH, HOME and TZ, never the tester's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One line of a worker's log; lines that are no JSON objects have only `text`. */
export interface LogLine {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A worker under test. */
export interface RunningWorker {
  readonly pid: number;
  /** Everything it printed so far, stdout and stderr, oldest first. */
  readonly logs: readonly LogLine[];
  /** The same as one text. */
  readonly text: string;
  /** Its exit code once it ended; 128 + signal number when a signal ended it. */
  readonly exited: Promise<number>;
  /** The exit code, or null while it runs. */
  readonly exitCode: number | null;
  /** Resolves with the first line, already printed or to come, that matches; @throws when the worker ends or at the deadline. */
  waitForLog(
    matches: (line: LogLine) => boolean,
    options?: { timeoutMs?: number; describe?: string },
  ): Promise<LogLine>;
  /** Sends a signal (default SIGTERM) and resolves with the exit code. With SIGSTOP or SIGCONT it resolves at once. */
  kill(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a worker process; it is killed with this process at the latest. @throws {Error} when there is nothing to run. */
export function startWorker(spec: WorkerSpec): RunningWorker {
  const logs: LogLine[] = [];
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn(dieWithParent([...command(spec), ...(spec.args ?? [])]), {
    cwd: ROOT,
    env: { PATH, HOME, TZ: "UTC", ...spec.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = Promise.all([collect(child.stdout, logs), collect(child.stderr, logs)]);
  // The log is complete before `exited` resolves, so that a test may look at the last line then.
  let exitCode: number | null = null;
  const exited = child.exited.then(async (code) => {
    await output;
    exitCode = code;
    return code;
  });
  return {
    pid: child.pid,
    logs,
    get text() {
      return logs.map(({ text }) => text).join("\n");
    },
    exited,
    get exitCode() {
      return exitCode;
    },
    async waitForLog(matches, { timeoutMs = 30_000, describe = "a log line" } = {}) {
      const look = () => {
        const line = logs.find(matches);
        if (line === undefined && exitCode !== null) throw new Error(`worker ended (${exitCode})${last(logs)}`);
        return line;
      };
      return waitFor(look, { timeoutMs, intervalMs: 20, describe: () => `${describe}${last(logs)}` });
    },
    async kill(signal = "SIGTERM") {
      child.kill(signal);
      return signal === "SIGSTOP" || signal === "SIGCONT" ? null : exited;
    },
  };
}

/** Address of a worker's health server, once it has logged its port. @throws as `waitForLog` does. */
export async function healthUrl(worker: RunningWorker): Promise<string> {
  const isPort = ({ json }: LogLine) => typeof json.health_port === "number";
  const { json } = await worker.waitForLog(isPort, { describe: "the health port" });
  return `http://127.0.0.1:${json.health_port}`;
}

/**
 * Sum of all series of a running worker's metric, or one series, named with its labels as `name{a="b"}`; undefined when
 * there is none. @throws {Error} when the worker does not answer.
 */
export async function metricSum(worker: RunningWorker, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${await healthUrl(worker)}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  if (lines.length === 0) return undefined;
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

function command({ binary, entry }: WorkerSpec): [string, ...string[]] {
  const compiled = binary === undefined ? undefined : join(ROOT, "dist", binary);
  if (compiled !== undefined && existsSync(compiled)) return [compiled];
  if (entry !== undefined) return [process.execPath, join(ROOT, entry)];
  throw new Error(`${compiled ?? "no binary or entry"}: nothing to run; \`make build\` makes the binaries`);
}

async function collect(stream: ReadableStream<Uint8Array>, logs: LogLine[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) logs.push(parse(text));
  }
  if (rest !== "") logs.push(parse(rest));
}

function parse(text: string): LogLine {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null) return { text, json: json as Record<string, unknown> };
  } catch {
    // a line of plain text, such as a stack trace
  }
  return { text, json: {} };
}

function last(logs: readonly LogLine[]): string {
  return `; its last lines:\n${logs
    .slice(-15)
    .map((line) => line.text)
    .join("\n")}`;
}
