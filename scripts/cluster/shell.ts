import type { Settings } from "./settings.ts";
import { ROOT } from "./settings.ts";

/** A command ended badly; the message says which, and what it wrote. */
export class CommandFailed extends Error {
  readonly code = "command_failed";
  readonly retry = false;
}

/** Something the user has to do first; shown without a stack trace. */
export class Refusal extends Error {
  readonly code = "refused";
  readonly retry = false;
}

export type Result = { code: number; stdout: string; stderr: string };
export type RunOptions = {
  /** Text for standard input. */
  input?: string;
  /** Killed after this long, ms; default 10 minutes. */
  timeoutMs?: number;
  env?: Readonly<Record<string, string>>;
  /** True: its output goes straight to ours. */
  show?: boolean;
};

/** Where a program is on PATH as it is now; Bun itself would look at PATH as it was when this process started. */
export function findProgram(name: string): string | undefined {
  return Bun.which(name, { PATH: process.env.PATH ?? "" }) ?? undefined;
}

/** The command with its program's full path. @throws Refusal when it is not there. */
export function resolved(command: readonly string[]): string[] {
  const [name = "", ...args] = command;
  const program = findProgram(name);
  if (program === undefined) throw new Refusal(`${name} is not installed or not on PATH`);
  return [program, ...args];
}

/** Runs a command in the repository's root and resolves with whatever came of it. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<Result> {
  const child = Bun.spawn(resolved(command), {
    cwd: ROOT,
    env: { ...process.env, ...options.env },
    stdin: options.input === undefined ? "ignore" : new Blob([options.input]),
    stdout: options.show ? "inherit" : "pipe",
    stderr: options.show ? "inherit" : "pipe",
    timeout: options.timeoutMs ?? 600_000,
    killSignal: "SIGKILL",
  });
  const text = (stream: ReadableStream | undefined) => (stream ? new Response(stream).text() : Promise.resolve(""));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), child.exited]);
  return { code: child.signalCode ? 137 : code, stdout, stderr };
}

/** Like {@link run}, but anything other than exit code 0 is an error. @throws CommandFailed with the command and its output. */
export async function must(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code === 0) return stdout;
  const output = `${stderr}\n${stdout}`.trim().slice(-4000);
  throw new CommandFailed(`${command.slice(0, 6).join(" ")} … failed (exit ${code})\n${output}`);
}

/** kubectl and helm bound to the cluster's own kubeconfig: never the user's current context. */
export class Cluster {
  constructor(readonly settings: Settings) {}

  get env(): Record<string, string> {
    return { KUBECONFIG: this.settings.kubeconfig };
  }

  kubectl(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return must(["kubectl", ...args], { ...options, env: this.env });
  }

  /** kubectl whose failure is an answer. */
  tryKubectl(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return run(["kubectl", ...args], { ...options, env: this.env });
  }

  /** A resource as an object, or undefined when there is none. */
  async get<T>(args: readonly string[]): Promise<T | undefined> {
    const { code, stdout, stderr } = await this.tryKubectl(["get", ...args, "-o", "json"], { timeoutMs: 60_000 });
    if (code === 0) return JSON.parse(stdout) as T;
    if (stderr.includes("NotFound")) return undefined;
    throw new CommandFailed(`kubectl get ${args.join(" ")} failed\n${stderr}`);
  }

  helm(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return must(["helm", ...args], { ...options, env: this.env });
  }
}
