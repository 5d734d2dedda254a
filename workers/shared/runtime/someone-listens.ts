import { createConnection } from "node:net";

/**
 * Whether one of the addresses (`host:port`, `[::1]:9092`) takes a connection within `limitMs`. Tells a service that is
 * slow from an address at which nobody is. Never rejects.
 */
export async function someoneListens(addresses: readonly string[], limitMs: number): Promise<boolean> {
  const tries = addresses.map(async (address) => {
    if (!(await takesConnection(address, limitMs))) throw new Error("closed");
  });
  return Promise.any(tries).then(
    () => true,
    () => false,
  );
}

function takesConnection(address: string, limitMs: number): Promise<boolean> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = createConnection({ host, port: Number(address.slice(at + 1)) });
    const end = (open: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(open);
    };
    // After a turn of the event loop: on a busy machine the connection may wait to be seen.
    const timer = setTimeout(() => setImmediate(() => setImmediate(() => end(false))), limitMs);
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
