import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Component } from "../../../workers/shared/runtime/lifecycle.ts";

/** TLS in front of a service that speaks none itself, such as the embedded engine; like a proxy that ends TLS. */
export type TlsFront = Component & {
  readonly port: number;
  /** Serves another certificate from the next connection on, as after a renewal. */
  setCertificate(files: CertificateFiles): void;
};

/** PEM files. */
export type CertificateFiles = { readonly certificateFile: string; readonly keyFile: string };

/** Listens on a free port of 127.0.0.1 and relays what it decrypts to `target`. */
export async function startTlsFront(
  target: { host: string; port: number },
  files: CertificateFiles,
): Promise<TlsFront> {
  const sockets = new Set<TLSSocket>();
  const server = createServer(read(files), (client) => {
    const service = createConnection(target);
    sockets.add(client);
    client.on("close", () => {
      sockets.delete(client);
      service.destroy();
    });
    client.on("error", () => service.destroy());
    service.on("error", () => client.destroy());
    service.on("close", () => client.destroy());
    client.pipe(service).pipe(client);
  });
  // A client that speaks no TLS, or trusts the certificate not, ends its connection; the test looks at the client.
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the TLS front got no port");
  return {
    name: "tls-front",
    port: address.port,
    setCertificate: (next) => server.setSecureContext(read(next)),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function read({ certificateFile, keyFile }: CertificateFiles) {
  return { cert: readFileSync(certificateFile), key: readFileSync(keyFile) };
}
