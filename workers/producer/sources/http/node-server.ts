import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { sleep } from "../../../shared/runtime/sleep.ts";
import { type ArrivingBody, bodyOfMessage } from "./arriving-body.ts";

/** Answers a request; `body` is read only if the answer needs it. Never rejects. */
export type Answer = (request: Request, body: ArrivingBody) => Promise<Response>;

/** A header block may take this long to arrive, ms. */
const HEADERS_TIMEOUT_MS = 20_000;
/** After an answer given before the body had arrived, the rest is read and thrown away for so long, ms. */
const REST_MS = 1_000;

/**
 * A server of node's interface: the runtime's own one takes `Expect: 100-continue` in lower case only and then answers it
 * before anything is looked at. It costs some 30 CPU-µs a request more.
 */
export function createIngestServer(answer: Answer, config: { keepAliveMs: number }): Server {
  const handle = (asked: boolean) => (message: IncomingMessage, response: ServerResponse) => {
    respond(answer, message, response, asked).catch(() => response.destroy());
  };
  const server = createServer({ keepAliveTimeout: config.keepAliveMs, noDelay: true }, handle(false));
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  // A body has a limit of its own, and an answer waits for Kafka.
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

async function respond(answer: Answer, message: IncomingMessage, response: ServerResponse, asked: boolean) {
  const request = toRequest(message);
  if (request === undefined) {
    response.writeHead(400, { connection: "close", "content-length": 0 }).end();
    return;
  }
  const { status, headers, text } = await rendered(await answer(request, bodyOfMessage(message, response, asked)));
  if (response.destroyed) return;
  // A client that asked, and was not told to go on, may do so all the same or not: the connection is of no more use.
  const unread = !message.complete && hasBody(message);
  const close = unread ? { connection: "close" } : {};
  response.writeHead(status, { ...headers, ...close, "content-length": Buffer.byteLength(text) });
  if (!unread) {
    response.end(text);
    return;
  }
  // Closed at once, the socket would answer what still arrives with a reset, which may overtake the answer.
  response.write(text);
  message.resume();
  const ended = new Promise<void>((resolve) => message.once("end", resolve).once("close", resolve));
  await Promise.race([ended, sleep(REST_MS)]);
  response.end();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** The request without its body; undefined where its line or headers cannot be expressed. */
function toRequest(message: IncomingMessage): Request | undefined {
  const { method = "GET", url = "/", rawHeaders } = message;
  const target = url.startsWith("/") ? `http://ingest${url}` : url;
  try {
    const headers = new Headers();
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
    return new Request(target, { method, headers });
  } catch {
    return undefined;
  }
}

async function rendered(answer: Response) {
  const headers: Record<string, string> = {};
  for (const [name, value] of answer.headers) headers[name] = value;
  return { status: answer.status, headers, text: await answer.text() };
}
