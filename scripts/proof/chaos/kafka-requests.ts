/** Numbers of Kafka's protocol for the requests that scenarios look at. */
export const KAFKA_API = {
  produce: 0,
  fetch: 1,
  metadata: 3,
  offsetCommit: 8,
  joinGroup: 11,
  heartbeat: 12,
  leaveGroup: 13,
} as const;

/** A request as it passes: who asks for what. */
export type KafkaRequest = {
  readonly apiKey: number;
  readonly clientId: string;
  /** Whether these bytes occur in it, such as a topic's name. */
  mentions(text: string): boolean;
};

/** A fault that waits for one request. */
export type Holder = {
  /** Resolves once a matching request is held. */
  readonly caught: Promise<KafkaRequest>;
  /** Lets it pass; nothing is caught any more. */
  release(): void;
};

type Entry = {
  matches: (request: KafkaRequest) => boolean;
  caught: (request: KafkaRequest) => void;
  /** The connection whose request it holds. */
  owner: object | undefined;
};

/** Which Kafka requests may not pass at the moment. */
export class RequestHolders {
  readonly #entries = new Set<Entry>();

  add(matches: Entry["matches"], wake: () => void): Holder {
    const { promise, resolve } = Promise.withResolvers<KafkaRequest>();
    const entry: Entry = { matches, caught: resolve, owner: undefined };
    this.#entries.add(entry);
    const release = () => {
      this.#entries.delete(entry);
      wake();
    };
    return { caught: promise, release };
  }

  releaseAll(): void {
    this.#entries.clear();
  }

  /** Whether this frame of this connection is held; the first that matches is caught. */
  holds(frame: Buffer, owner: object): boolean {
    for (const entry of this.#entries) {
      if (entry.owner === owner) return true;
      if (entry.owner !== undefined) continue;
      const request = parseRequest(frame);
      if (!entry.matches(request)) continue;
      entry.owner = owner;
      entry.caught(request);
      return true;
    }
    return false;
  }

  /** Cuts one connection's stream into whole requests. */
  framer(): (chunk: Buffer) => Buffer[] {
    let rest: Buffer = Buffer.alloc(0);
    return (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const frames: Buffer[] = [];
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const end = 4 + rest.readInt32BE(0);
        frames.push(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
      return frames;
    };
  }
}

/** Header of a request: size, key, version, correlation id, client id (-1: none). */
export function parseRequest(frame: Buffer): KafkaRequest {
  const length = frame.length >= 14 ? Math.max(0, frame.readInt16BE(12)) : 0;
  return {
    apiKey: frame.length >= 6 ? frame.readInt16BE(4) : -1,
    clientId: frame.toString("utf8", 14, 14 + length),
    mentions: (text) => frame.includes(text),
  };
}
