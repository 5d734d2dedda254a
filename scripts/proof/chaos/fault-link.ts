import { createConnection, createServer, type Server, type Socket } from "node:net";
import { type Holder, type KafkaRequest, RequestHolders } from "./kafka-requests.ts";

/** From the client to the service, or back. */
export type Direction = "request" | "response";

/** A network between a client and a service (TCP), whose faults are set while it is in use. */
export class FaultLink {
  readonly #connections = new Set<Connection>();
  readonly #holders = new RequestHolders();
  readonly #server: Server;
  /** What is wrong with the network now. */
  #refused = false;
  #latencyMs = 0;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  readonly #lost: Record<Direction, boolean> = { request: false, response: false };

  private constructor(target: { host: string; port: number }, kafka: boolean) {
    this.#server = createServer((client) => {
      if (this.#refused) return void client.destroy();
      const connection = new Connection(client, createConnection(target), {
        delayMs: (bytes) => this.#latencyMs + (bytes / this.#bytesPerSecond) * 1000,
        stopped: (direction) => this.#lost[direction],
        ...(kafka ? { holders: this.#holders } : {}),
      });
      this.#connections.add(connection);
      connection.onClose(() => this.#connections.delete(connection));
    });
  }

  /** Listens on a free port of 127.0.0.1; with `kafka`, requests of Kafka's protocol can be held one by one. */
  static async start(target: { host: string; port: number; kafka?: boolean }): Promise<FaultLink> {
    const link = new FaultLink(target, target.kafka ?? false);
    await new Promise<void>((resolve) => link.#server.listen(0, "127.0.0.1", resolve));
    return link;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the link is closed");
    return address.port;
  }

  /** Delays every chunk this long in each direction, ms; 0: not at all. */
  latency(ms: number): void {
    this.#latencyMs = ms;
  }

  /** Lets this many bytes pass per second, connection and direction. */
  bandwidth(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** While true nothing arrives in this direction, and nobody is told: as with packet loss, it arrives once the loss ends. */
  lose(direction: Direction, lost: boolean): void {
    this.#lost[direction] = lost;
    this.#wake();
  }

  /** While true connections are refused; turning it on cuts the existing ones. */
  refuse(refused: boolean): void {
    this.#refused = refused;
    if (refused) this.cut();
  }

  /** Resets all connections at once. */
  cut(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** Ends all faults; what was held back is delivered. */
  heal(): void {
    this.#refused = false;
    this.#latencyMs = 0;
    this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    this.#lost.request = this.#lost.response = false;
    this.#holders.releaseAll();
    this.#wake();
  }

  /** Stops the next Kafka request that matches, and what its connection sends after it, before the broker sees it. */
  hold(matches: (request: KafkaRequest) => boolean): Holder {
    return this.#holders.add(matches, () => this.#wake());
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #wake(): void {
    for (const connection of this.#connections) connection.wake();
  }
}

type Rules = {
  delayMs(bytes: number): number;
  stopped(direction: Direction): boolean;
  holders?: RequestHolders;
};

/** A side that cannot send has its sender wait, as full socket buffers would. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

class Connection {
  readonly #pipes: Pipe[];

  constructor(
    readonly client: Socket,
    readonly service: Socket,
    rules: Rules,
  ) {
    const { holders } = rules;
    const requests = new Pipe(client, service, {
      delayMs: rules.delayMs,
      stopped: () => rules.stopped("request"),
      ...(holders ? { cut: holders.framer(), held: (frame) => holders.holds(frame, this) } : {}),
    });
    const answers = new Pipe(service, client, { delayMs: rules.delayMs, stopped: () => rules.stopped("response") });
    this.#pipes = [requests, answers];
    for (const [one, other] of [[client, service] as const, [service, client] as const]) {
      one.on("close", () => other.destroy());
      one.on("error", () => other.destroy());
    }
  }

  onClose(done: () => void): void {
    this.client.once("close", done);
  }

  wake(): void {
    for (const pipe of this.#pipes) pipe.pump();
  }

  destroy(): void {
    this.client.destroy();
    this.service.destroy();
  }
}

type PipeRules = {
  delayMs(bytes: number): number;
  stopped(): boolean;
  /** Cuts the stream into whole messages. */
  cut?: (chunk: Buffer) => Buffer[];
  /** Whether this message may not pass yet. */
  held?: (message: Buffer) => boolean;
};

/** One direction of a connection. */
class Pipe {
  readonly #queue: { dueMs: number; bytes: Buffer }[] = [];
  #queued = 0;
  #lastDueMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly from: Socket,
    readonly to: Socket,
    readonly rules: PipeRules,
  ) {
    from.on("data", (chunk: Buffer) => {
      for (const bytes of rules.cut?.(chunk) ?? [chunk]) this.#push(bytes);
      if (this.#queued > MAX_QUEUED_BYTES) from.pause();
      this.pump();
    });
    from.once("close", () => clearTimeout(this.#timer));
  }

  #push(bytes: Buffer): void {
    const now = performance.now();
    const delayMs = this.rules.delayMs(bytes.length);
    // Bytes keep their order, also when the latency has just become less.
    this.#lastDueMs = Math.max(this.#lastDueMs, now + delayMs);
    this.#queue.push({ dueMs: this.#lastDueMs, bytes });
    this.#queued += bytes.length;
  }

  /** Delivers what may be delivered now. */
  pump(): void {
    clearTimeout(this.#timer);
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.rules.stopped() || this.to.destroyed) return;
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs);
        return;
      }
      if (this.rules.held?.(next.bytes)) return;
      this.#queue.shift();
      this.#queued -= next.bytes.length;
      this.to.write(next.bytes);
    }
    this.from.resume();
  }
}
