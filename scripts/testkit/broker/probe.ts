import { connect } from "node:net";

const METADATA = 3;
const METADATA_VERSION = 4;
const CORRELATION_ID = 42;
const CLIENT_ID = "probe";

/**
 * Whether a Kafka broker answers on 127.0.0.1:port with metadata that lists at least one live broker. An open port alone
 * proves little: the broker binds it seconds before it serves.
 */
export function isBrokerReady(port: number, timeoutMs = 1000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    let received: Buffer = Buffer.alloc(0);
    const finish = (ready: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(ready);
    };
    const timer = setTimeout(() => finish(false), timeoutMs);
    socket.on("connect", () => socket.write(metadataRequest()));
    socket.on("error", () => finish(false));
    socket.on("close", () => finish(false));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) finish(liveBrokers(received) > 0);
    });
  });
}

/** A Metadata request, version 4, for no topics: size, header (key, version, correlation id, client id), body. */
export function metadataRequest(): Buffer {
  const body = Buffer.alloc(10 + CLIENT_ID.length + 5);
  body.writeInt16BE(METADATA, 0);
  body.writeInt16BE(METADATA_VERSION, 2);
  body.writeInt32BE(CORRELATION_ID, 4);
  body.writeInt16BE(CLIENT_ID.length, 8);
  body.write(CLIENT_ID, 10);
  body.writeInt32BE(0, 10 + CLIENT_ID.length); // an empty array of topics; the byte after it: create none
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** The number of brokers in a Metadata response, version 4; 0 when the response is not one. */
export function liveBrokers(response: Buffer): number {
  if (response.length < 16 || response.readInt32BE(4) !== CORRELATION_ID) return 0;
  return Math.max(0, response.readInt32BE(12)); // after size, correlation id and throttle time
}
