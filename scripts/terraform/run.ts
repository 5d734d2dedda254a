/** How a command ended, with everything it printed. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; it is killed after `timeoutMs` (default 10 minutes), which shows as a code other than 0. */
export async function run(
  command: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<Outcome> {
  const child = Bun.spawn([...command], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env ?? process.env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: options.timeoutMs ?? 600_000,
    killSignal: "SIGKILL",
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  process.off("exit", kill);
  return { code, stdout, stderr };
}

/** The end of what a command printed, for a message about its failure. */
export function tail(outcome: Outcome, lines = 40): string {
  return `${outcome.stdout}\n${outcome.stderr}`.trim().split("\n").slice(-lines).join("\n");
}
