import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { Component } from "../../../workers/shared/runtime/lifecycle.ts";

/** A TCP relay in front of a real service, with which a test makes the network fail in a chosen way. */
export type TcpProxy = Component & {
  readonly port: number;
  /** While true, what the service answers is kept back: requests arrive and take effect, but nobody learns of it. */
  holdResponses(hold: boolean): void;
  /** While true, what clients send is kept back: requests do not reach the service. */
  holdRequests(hold: boolean): void;
  /** While true, connections are refused; existing ones are cut. */
  refuse(refused: boolean): void;
  /** Bytes the service has answered, kept back or not. */
  readonly bytesFromService: number;
  /** Bytes clients have sent, kept back or not. */
  readonly bytesFromClients: number;
};

/** Listens on a free port of 127.0.0.1 and relays to `target`. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const state = { holdResponses: false, holdRequests: false, refused: false, fromService: 0, fromClients: 0 };
  const release = new Set<() => void>();

  const relay = (from: Socket, to: Socket, held: () => boolean, count: (bytes: number) => void) => {
    let kept: Buffer[] = [];
    const flush = () => {
      if (held()) return;
      for (const chunk of kept) to.write(chunk);
      kept = [];
    };
    release.add(flush);
    from.on("data", (chunk: Buffer) => {
      count(chunk.length);
      kept.push(chunk);
      flush();
    });
    from.on("close", () => {
      release.delete(flush);
      to.destroy();
    });
    from.on("error", () => to.destroy());
  };

  const server: Server = createServer((client) => {
    if (state.refused) return void client.destroy();
    const service = createConnection(target);
    for (const socket of [client, service]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
    relay(
      client,
      service,
      () => state.holdRequests,
      (bytes) => {
        state.fromClients += bytes;
      },
    );
    relay(
      service,
      client,
      () => state.holdResponses,
      (bytes) => {
        state.fromService += bytes;
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy got no port");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const releaseAll = () => {
    for (const flush of release) flush();
  };
  return {
    name: "tcp-proxy",
    port: address.port,
    get bytesFromService() {
      return state.fromService;
    },
    get bytesFromClients() {
      return state.fromClients;
    },
    holdResponses(hold) {
      state.holdResponses = hold;
      releaseAll();
    },
    holdRequests(hold) {
      state.holdRequests = hold;
      releaseAll();
    },
    refuse(refused) {
      state.refused = refused;
      if (refused) cut();
    },
    stop: async () => {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
