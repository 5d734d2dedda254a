import type { KafkaMessage } from "kafkajs";
import type { KafkaRecord } from "./group-types.ts";

/** What the patched client adds to messages of the current format: numbers that need not be read from text. */
type FetchedMessage = KafkaMessage & { offsetNumber?: number; timestampNumber?: number; dataBytes?: number };

/** A message of the client as a record. Views of its bytes are made when asked for: most are needed once, some never. */
export class LazyRecord implements KafkaRecord {
  readonly offset: number;
  readonly appendTimeMs: number;
  readonly #message: FetchedMessage;

  constructor(message: FetchedMessage) {
    this.#message = message;
    this.offset = message.offsetNumber ?? Number(message.offset);
    this.appendTimeMs = message.timestampNumber ?? Number(message.timestamp);
  }

  get key(): Buffer | null {
    return this.#message.key;
  }

  get value(): Buffer | null {
    return this.#message.value;
  }

  get headers(): KafkaRecord["headers"] {
    return this.#message.headers;
  }

  /** Size of key and value, bytes. */
  get bytes(): number {
    return this.#message.dataBytes ?? (this.key?.length ?? 0) + (this.value?.length ?? 0);
  }
}
