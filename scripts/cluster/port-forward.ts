import { type Cluster, CommandFailed, resolved } from "./shell.ts";

export type Forward = { port: number; stop(): Promise<void>; ended: Promise<number> };

/**
 * Forwards a port of 127.0.0.1 to a Service, as `svc/clickhouse`. Port 0 picks a free one.
 * @throws CommandFailed when kubectl ends before it listens.
 */
export async function forward(
  cluster: Cluster,
  target: { namespace: string; resource: string; remotePort: number; localPort?: number },
): Promise<Forward> {
  const local = target.localPort ? String(target.localPort) : "";
  const ports = `${local}:${target.remotePort}`;
  const child = Bun.spawn(
    resolved(["kubectl", "port-forward", "-n", target.namespace, target.resource, ports, "--address", "127.0.0.1"]),
    { env: { ...process.env, ...cluster.env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const reader = child.stdout.getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      const error = await new Response(child.stderr).text();
      throw new CommandFailed(`port-forward to ${target.resource} failed: ${error.trim()}`);
    }
    text += Buffer.from(value).toString();
    const port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (port === undefined) continue;
    // Further lines come with every connection; unread they would block kubectl.
    void (async () => {
      while (!(await reader.read()).done);
    })();
    const stop = async () => {
      child.kill();
      await child.exited;
    };
    return { port: Number(port), stop, ended: child.exited };
  }
}
