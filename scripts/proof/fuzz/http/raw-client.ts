import { connect, type Socket } from "node:net";

/** One connection on which anything can be written, HTTP or not. Clients of the runtime refuse to send what is wrong. */

/** A response as it came. Header names are in lower case. */
export type RawResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** Why there was no response: the other side closed, nothing came in time, or what came is no HTTP. */
export type NoResponse = "closed" | "timeout" | "garbled";

export class RawConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = () => {
      this.#closed = true;
      this.#wake();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", end);
  }

  /** Connects to a port of 127.0.0.1. @throws {Error} when nobody listens. */
  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  /** The other side has closed the connection, or it broke. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Writes without waiting; what the other side does not read stays in memory here. */
  write(bytes: string | Uint8Array): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next response. To HEAD there is no body, which the response itself does not say. */
  async read(timeoutMs: number, method = "GET"): Promise<RawResponse | NoResponse> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = parse(this.#received, method);
      if (found === "garbled") return found;
      if (found !== undefined) {
        this.#received = this.#received.subarray(found.end);
        return found.response;
      }
      if (this.#closed) return "closed";
      const left = deadline - performance.now();
      if (left <= 0) return "timeout";
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function parse(bytes: Buffer, method: string): { response: RawResponse; end: number } | "garbled" | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return bytes.length > 100_000 ? "garbled" : undefined;
  const [first = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]);
  if (Number.isNaN(status)) return "garbled";
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) return "garbled";
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const at = headEnd + 4;
  if (method === "HEAD" || status === 204 || status === 304 || status < 200) {
    return { response: { status, headers, body: Buffer.alloc(0) }, end: at };
  }
  if (headers["transfer-encoding"] === "chunked") return parseChunks(bytes, at, { status, headers });
  const length = Number(headers["content-length"] ?? 0);
  if (!Number.isSafeInteger(length)) return "garbled";
  if (bytes.length < at + length) return undefined;
  return { response: { status, headers, body: Buffer.from(bytes.subarray(at, at + length)) }, end: at + length };
}

function parseChunks(bytes: Buffer, start: number, head: Omit<RawResponse, "body">) {
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) return "garbled";
    const end = lineEnd + 2 + size + 2;
    if (bytes.length < end) return undefined;
    if (size === 0) return { response: { ...head, body: Buffer.concat(parts) }, end };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = end;
  }
}
