import { afterEach, beforeEach, expect, test } from "bun:test";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { waitFor } from "../../testkit/process/wait-for.ts";
import { FaultLink } from "./fault-link.ts";
import { KAFKA_API } from "./kafka-requests.ts";

/** Answers whatever it gets with the same. */
let service: Server;
let link: FaultLink;
let received = "";
let client: Socket;
const chunks: Buffer[] = [];
const answered = () => Buffer.concat(chunks).toString();

beforeEach(async () => {
  received = "";
  chunks.length = 0;
  service = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      socket.write(chunk);
    });
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  link = await FaultLink.start({ host: "127.0.0.1", port: portOf(service), kafka: true });
  client = connect();
});
afterEach(async () => {
  client.destroy();
  await link.stop();
  service.close();
});

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function connect(): Socket {
  const socket = createConnection({ host: "127.0.0.1", port: link.port });
  socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
  socket.on("error", () => undefined);
  return socket;
}

/** A Kafka request: size, key, version, correlation id, client id, body. */
function request(apiKey: number, clientId: string, body: string): Buffer {
  const header = Buffer.alloc(14);
  header.writeInt16BE(apiKey, 4);
  header.writeInt16BE(clientId.length, 12);
  const frame = Buffer.concat([header, Buffer.from(clientId + body)]);
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

const heartbeat = request(KAFKA_API.heartbeat, "c", "alive");
const commit = request(KAFKA_API.offsetCommit, "c", "topic events");

test("passes whole requests on, also when they arrive in pieces", async () => {
  for (const byte of Buffer.concat([heartbeat, commit])) client.write(Buffer.of(byte));
  await waitFor(() => answered().endsWith("topic events"));
  expect(Buffer.concat(chunks)).toEqual(Buffer.concat([heartbeat, commit]));
});

test("holds one kind of request, and what its connection sends after it; others pass", async () => {
  const holder = link.hold(({ apiKey, mentions }) => apiKey === KAFKA_API.offsetCommit && mentions("events"));
  client.write(Buffer.concat([heartbeat, commit, heartbeat]));
  expect(await holder.caught).toMatchObject({ apiKey: KAFKA_API.offsetCommit, clientId: "c" });
  const other = connect();
  other.write(commit);
  await waitFor(() => received.includes("topic events"));
  expect(received.split("alive")).toHaveLength(2);
  holder.release();
  await waitFor(() => received.split("alive").length === 3 && received.split("topic events").length === 3);
  other.destroy();
});

test("what is held when its connection dies never arrives", async () => {
  const holder = link.hold(({ apiKey }) => apiKey === KAFKA_API.offsetCommit);
  client.write(commit);
  await holder.caught;
  client.destroy();
  await waitFor(() => client.closed);
  await Bun.sleep(50);
  holder.release();
  const next = connect();
  next.write(heartbeat);
  await waitFor(() => received.includes("alive"));
  expect(received).not.toContain("topic events");
  next.destroy();
});

test("loses one direction only, and delivers once the loss ends", async () => {
  link.lose("response", true);
  client.write(heartbeat);
  await waitFor(() => received.includes("alive"));
  await Bun.sleep(50);
  expect(answered()).toBe("");
  link.lose("response", false);
  await waitFor(() => answered().includes("alive"));
});

test("latency delays both directions and keeps the order", async () => {
  link.latency(150);
  const began = performance.now();
  client.write(heartbeat);
  link.latency(0);
  client.write(commit);
  await waitFor(() => answered().includes("topic events"));
  expect(answered().indexOf("alive")).toBeLessThan(answered().indexOf("topic events"));
  link.latency(150);
  client.write(heartbeat);
  await waitFor(() => answered().split("alive").length === 3);
  expect(performance.now() - began).toBeGreaterThan(290);
});

test("cuts connections, and refuses new ones until it is healed", async () => {
  client.write(heartbeat);
  await waitFor(() => answered().includes("alive"));
  link.refuse(true);
  await waitFor(() => client.closed);
  const refused = connect();
  await waitFor(() => refused.closed);
  link.heal();
  const accepted = connect();
  accepted.write(commit);
  await waitFor(() => answered().includes("topic events"));
  accepted.destroy();
});
