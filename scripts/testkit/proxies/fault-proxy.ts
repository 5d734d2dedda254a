import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";

/** What becomes of a request. */
export type Fault =
  /** Nothing special. */
  | "pass"
  /** Answered with this status and S3's error code, without asking the service. */
  | { status: number; code: string }
  /** Answered with exactly this, without asking the service. */
  | { answer: { status: number; headers: Record<string, string>; body: string } }
  /** The connection is cut after this many bytes of the body were forwarded. */
  | { cutAfterBytes: number }
  /** The whole body is taken, and forwarded only once this resolves; with "drop" it never is, and the connection is cut. */
  | { holdUntil: Promise<unknown> }
  /** Forwarded in full, but the connection is cut when the answer comes: the service did it, and the client learns nothing. */
  | "answer_lost"
  /** Forwarded with these added to its address, where ClickHouse takes them as settings of the request. */
  | { settings: Readonly<Record<string, string>> };

export type ProxiedRequest = { method: string; path: string };

/**
 * Stands between a client and its HTTP service, S3 or ClickHouse, and lets requests go wrong as told. It forwards headers
 * as they are, the Host header too, so that signatures stay valid.
 */
export class FaultProxy {
  readonly #server: Server;
  #decide: (request: ProxiedRequest) => Fault = () => "pass";
  readonly seen: ProxiedRequest[] = [];

  private constructor(readonly upstreamPort: number) {
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  static async start(upstreamPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstreamPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy is closed");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Decides from now on what becomes of each request. */
  inject(decide: (request: ProxiedRequest) => Fault): void {
    this.#decide = decide;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const proxied = { method: request.method ?? "", path: decodeURIComponent(request.url ?? "") };
    this.seen.push(proxied);
    const fault = this.#decide(proxied);
    if (fault === "pass") return this.#forward(request, response, await readAll(request));
    if (fault === "answer_lost") return this.#loseAnswer(request, await readAll(request));
    if ("answer" in fault) {
      await readAll(request);
      response.writeHead(fault.answer.status, fault.answer.headers);
      response.end(fault.answer.body);
      return;
    }
    if ("status" in fault) {
      await readAll(request);
      response.writeHead(fault.status, { "content-type": "application/xml" });
      response.end(`<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>injected</Message></Error>`);
      return;
    }
    const body = await readAll(request);
    if ("settings" in fault) {
      const { url = "/" } = request;
      request.url = `${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams(fault.settings)}`;
      return this.#forward(request, response, body);
    }
    if ("holdUntil" in fault) {
      if ((await fault.holdUntil) === "drop") return void request.socket.destroy();
      return this.#forward(request, response, body);
    }
    this.#cut(request, body.subarray(0, fault.cutAfterBytes));
    request.socket.destroy();
  }

  #forward(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const upstream = this.#open(request, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    upstream.on("error", () => request.socket.destroy());
    upstream.end(body);
  }

  #loseAnswer(request: IncomingMessage, body: Buffer): void {
    const upstream = this.#open(request, (answer) => {
      answer.resume();
      answer.on("end", () => request.socket.destroy());
    });
    upstream.on("error", () => request.socket.destroy());
    upstream.end(body);
  }

  /** Sends the beginning of the body and hangs up, as a network that breaks would. */
  #cut(request: IncomingMessage, start: Buffer): void {
    const upstream = this.#open(request, (answer) => answer.resume());
    upstream.on("error", () => undefined);
    upstream.write(start, () => upstream.destroy());
  }

  #open(request: IncomingMessage, onAnswer: (answer: IncomingMessage) => void) {
    const { expect: _, ...headers } = request.headers;
    return httpRequest(
      { host: "127.0.0.1", port: this.upstreamPort, method: request.method, path: request.url, headers, agent: false },
      onAnswer,
    );
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
