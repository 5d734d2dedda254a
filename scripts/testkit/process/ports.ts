import { createServer } from "node:net";

/** Below the range from which the kernel takes ports for connections (Linux: 32768 and above), and above the local stack's. */
const [FIRST_PORT, LAST_PORT] = [20_000, 32_000];
const given = new Set<number>();

/**
 * A TCP port of 127.0.0.1 that nobody listens on at this moment, another one each time. One of the kernel's own choosing
 * could be taken by any connection before its server is started.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (given.has(port) || !(await isPortFree(port))) continue;
    given.add(port);
    return port;
  }
}

/** Whether a listener can be bound to this port of 127.0.0.1 right now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/**
 * Names who listens on a port, as `java (pid 4711)`, or undefined when the machine does not tell.
 * Uses `lsof` when it is installed, then `ss`; both may hide the processes of other users.
 */
export function portOwner(port: number): string | undefined {
  const lsof = run(["lsof", "-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]);
  const lsofPid = /^p(\d+)$/m.exec(lsof)?.[1];
  if (lsofPid !== undefined) return `${/^c(.+)$/m.exec(lsof)?.[1] ?? "process"} (pid ${lsofPid})`;
  const ss = /users:\(\("([^"]+)",pid=(\d+)/.exec(run(["ss", "-Hltnp", `sport = :${port}`]));
  return ss === null ? undefined : `${ss[1]} (pid ${ss[2]})`;
}

function run(command: string[]): string {
  const [name] = command;
  if (name === undefined || Bun.which(name) === null) return "";
  return Bun.spawnSync(command, { stdout: "pipe", stderr: "ignore" }).stdout.toString();
}
