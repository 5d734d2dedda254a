import { createServer } from "node:net";

/** Asks the kernel for a TCP port on 127.0.0.1 that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("the kernel gave no port"));
        else resolve(address.port);
      });
    });
  });
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
