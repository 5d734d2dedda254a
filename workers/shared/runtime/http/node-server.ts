import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type ListenAddress, listeningAsync } from "../listening.ts";
import { sleep } from "../sleep.ts";
import { type ArrivingBody, bodyOfMessage } from "./arriving-body.ts";

/** A request as its connection knows it. */
export type Arrival = {
  /** Undefined: the request has none. Nothing of it is asked for before it is read. */
  readonly body: ArrivingBody | undefined;
  /** Of the client, or of the proxy before it. */
  readonly address: string | undefined;
};

/** Answers a request, whose own body is left out. Never rejects. */
export type Answer = (request: Request, arrival: Arrival) => Promise<Response>;

export type NodeServerConfig = {
  /** An idle connection stays open for so long, ms. */
  keepAliveMs: number;
  /** Answers are sent piece by piece, as they come; else whole, with their length. */
  streamed?: boolean;
};

/** A header block may take this long to arrive, ms. */
const HEADERS_TIMEOUT_MS = 20_000;
/** After an answer given before the body had arrived, the rest is read and thrown away for so long, ms. */
const REST_MS = 1_000;

/**
 * A server of node's interface: the runtime's own one takes `Expect: 100-continue` in lower case only and then answers it
 * before anything is looked at. It costs some 30 CPU-µs a request more.
 */
export function createNodeServer(answer: Answer, { keepAliveMs, streamed = false }: NodeServerConfig): Server {
  const send = streamed ? sendStreamed : sendWhole;
  const handle = (asked: boolean) => (message: IncomingMessage, response: ServerResponse) => {
    respond(answer, send, message, response, asked).catch(() => response.destroy());
  };
  const server = createServer({ keepAliveTimeout: keepAliveMs, noDelay: true }, handle(false));
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  // How long a body may take is for who reads it to say, and an answer may wait for Kafka or for a query.
  server.requestTimeout = 0;
  server.on("checkContinue", handle(true));
  server.on("checkExpectation", (_, response: ServerResponse) => {
    response.writeHead(417, { connection: "close", "content-length": 0 }).end();
  });
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  return server;
}

/**
 * Opens the server's port, 0: any free one; answers which it is. An IPv6 address may stand in brackets.
 * @throws AppError `CANNOT_LISTEN`
 */
export async function listenAt(server: Server, at: ListenAddress): Promise<number> {
  const host = at.host.replace(/^\[(.*)\]$/, "$1");
  await listeningAsync(
    at,
    () =>
      new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(at.port, host, () => {
          server.off("error", reject);
          resolve();
        });
      }),
  );
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : at.port;
}

/** Takes no new connection, gives answers under way `lingerMs` to arrive, then closes all. */
export async function closeServer(server: Server, lingerMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(lingerMs)]);
  server.closeAllConnections();
}

type Send = (answer: Response, headers: OutgoingHttpHeaders, response: ServerResponse) => Promise<void>;

async function respond(
  answer: Answer,
  send: Send,
  message: IncomingMessage,
  response: ServerResponse,
  asked: boolean,
): Promise<void> {
  const request = toRequest(message);
  if (request === undefined) {
    response.writeHead(400, { connection: "close", "content-length": 0 }).end();
    return;
  }
  const body = hasBody(message) ? bodyOfMessage(message, response, asked) : undefined;
  const answered = await answer(request, { body, address: message.socket.remoteAddress });
  const headers = headersOf(answered);
  // A client that asked, and was not told to go on, may do so all the same or not: the connection is of no more use.
  if (message.complete || body === undefined) return send(answered, headers, response);
  const text = await answered.text();
  if (response.destroyed) return;
  response.writeHead(answered.status, { ...headers, connection: "close", "content-length": Buffer.byteLength(text) });
  // Closed at once, the socket would answer what still arrives with a reset, which may overtake the answer.
  response.write(text);
  message.resume();
  const ended = new Promise<void>((resolve) => message.once("end", resolve).once("close", resolve));
  await Promise.race([ended, sleep(REST_MS)]);
  response.end();
}

const sendWhole: Send = async (answer, headers, response) => {
  const text = await answer.text();
  if (response.destroyed) return;
  response.writeHead(answer.status, { ...headers, "content-length": Buffer.byteLength(text) });
  response.end(text);
};

const sendStreamed: Send = async (answer, headers, response) => {
  if (response.destroyed) {
    await answer.body?.cancel();
    return;
  }
  response.writeHead(answer.status, headers);
  // A client that leaves ends the reading, a reading that fails breaks the connection: a part never passes for all.
  if (answer.body === null) response.end();
  else await pipeline(Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]), response);
};

function headersOf(answer: Response): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of answer.headers) headers[name] = value;
  // The one name that may occur twice.
  const cookies = answer.headers.getSetCookie();
  return cookies.length === 0 ? headers : { ...headers, "set-cookie": cookies };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** The request without its body; undefined where its line or headers cannot be expressed. */
function toRequest(message: IncomingMessage): Request | undefined {
  const { method = "GET", url = "/", rawHeaders } = message;
  const target = url.startsWith("/") ? `http://server${url}` : url;
  try {
    const headers = new Headers();
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
    return new Request(target, { method, headers });
  } catch {
    return undefined;
  }
}
