import { type DeadLetterRow, encodeDeadLetterRows } from "../shared/clickhouse/tables/dead-letters.ts";
import type { DeadLetterClass } from "../shared/event/index.ts";
import type { KafkaRecord } from "../shared/kafka/group-types.ts";
import { HEADERS } from "../shared/kafka/headers.ts";
import type { PartitionBatch, Sender, SendMessage } from "../shared/kafka/sender.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { type GiveUp, prepareRows, type StoreWriter } from "./store-writer.ts";

/** A message that must be set aside, with where it lay. */
export type RefusedMessage = {
  record: KafkaRecord;
  partition: number;
  errorClass: DeadLetterClass;
  reason: string;
};

export type DeadLetterWriterConfig = { eventsTopic: string; dlqPartitions: number };

export type DeadLetterWriterDeps = {
  sender: Sender;
  table: StoreWriter;
  logger: Logger;
};

const LETTERS_PER_REQUEST = 1_000;

const EMPTY = Buffer.alloc(0);

/** Sets messages aside, in the dead-letter topic and in its table; resolves when both have acknowledged. */
export class DeadLetterWriter {
  readonly #config: DeadLetterWriterConfig;
  readonly #deps: DeadLetterWriterDeps;
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: DeadLetterWriterConfig, deps: DeadLetterWriterDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Writes the letters; tries for as long as it takes unless `giveUp` or `signal` say otherwise. */
  write(letters: readonly RefusedMessage[], giveUp: GiveUp, signal: AbortSignal): Promise<void> {
    const next = this.#last.then(() => this.#write(letters, giveUp, signal));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #write(letters: readonly RefusedMessage[], giveUp: GiveUp, signal: AbortSignal): Promise<void> {
    const tooLarge: Entry[] = [];
    // In portions: the client encodes a request in one go, with kilobytes of garbage for each letter.
    for (let from = 0; from < letters.length; from += LETTERS_PER_REQUEST) {
      const portion = letters.slice(from, from + LETTERS_PER_REQUEST);
      const entries = portion.map((letter) => ({ letter, message: this.#message(letter, false) }));
      tooLarge.push(...(await this.#send(entries, signal)));
    }
    if (tooLarge.length > 0) {
      // The headers make a message at the broker's limit exceed it. The table has the bytes.
      const stubs = tooLarge.map(({ letter }) => ({ letter, message: this.#message(letter, true) }));
      const refused = await this.#send(stubs, signal);
      if (refused.length > 0)
        this.#deps.logger.error({ letters: refused.length }, "the dead-letter topic refuses letters");
    }
    const rows = letters.map((letter) => toRow(letter, this.#config.eventsTopic));
    await this.#deps.table.store(prepareRows(rows, encodeDeadLetterRows), giveUp);
  }

  /** Returns what the broker refuses. @throws AppError when it was given up. */
  async #send(entries: readonly Entry[], signal: AbortSignal): Promise<Entry[]> {
    const byMessage = new Map<SendMessage, Entry>(entries.map((entry) => [entry.message, entry]));
    const refused: Entry[] = [];
    let unknown = 0;
    await this.#deps.sender.send(
      this.#batches(entries),
      (messages, outcome) => {
        if (outcome === "unknown") unknown += messages.length;
        if (outcome !== "refused") return;
        for (const message of messages) {
          const entry = byMessage.get(message);
          if (entry) refused.push(entry);
        }
      },
      signal,
    );
    if (unknown > 0) throw new DeadLettersGivenUp();
    return refused;
  }

  #batches(entries: readonly Entry[]): PartitionBatch<SendMessage>[] {
    const byPartition = new Map<number, SendMessage[]>();
    for (const { letter, message } of entries) {
      const partition = letter.partition % this.#config.dlqPartitions;
      const messages = byPartition.get(partition);
      if (messages) messages.push(message);
      else byPartition.set(partition, [message]);
    }
    return [...byPartition].map(([partition, messages]) => ({ partition, messages }));
  }

  #message({ record, partition, errorClass, reason }: RefusedMessage, omitValue: boolean): SendMessage {
    // Without a prototype: a header may have any name, `__proto__` too.
    const headers: Record<string, Buffer | string> = Object.create(null);
    for (const [name, value] of Object.entries(record.headers ?? {})) {
      const first = Array.isArray(value) ? value[value.length - 1] : value;
      // A header may lack a value, which the client's types do not say.
      headers[name] = first ?? EMPTY;
    }
    headers[HEADERS.deadLetterClass] = errorClass;
    headers[HEADERS.deadLetterReason] = reason;
    headers[HEADERS.originTopic] = this.#config.eventsTopic;
    headers[HEADERS.originPartition] = String(partition);
    headers[HEADERS.originOffset] = String(record.offset);
    headers[HEADERS.originAppendTime] = String(record.appendTimeMs);
    if (omitValue) headers["value-omitted-bytes"] = String(record.value?.length ?? 0);
    return { key: record.key, value: omitValue ? null : record.value, headers };
  }
}

type Entry = { letter: RefusedMessage; message: SendMessage };

/** The dead letters were not acknowledged before the end of the grace period. */
export class DeadLettersGivenUp extends Error {
  readonly code = "DEAD_LETTERS_GIVEN_UP";
}

function toRow({ record, partition, errorClass, reason }: RefusedMessage, topic: string): DeadLetterRow {
  const payload = record.value ?? EMPTY;
  return {
    topic,
    partition,
    offset: record.offset,
    appendTimeMs: record.appendTimeMs,
    payloadHash: Bun.hash.xxHash64(payload),
    errorClass,
    reason,
    key: record.key ?? EMPTY,
    payload,
    headersJson: headersJson(record.headers),
  };
}

/** JSON object of headers, values as base64 (empty where there is none); a header that occurs several times as an array. */
export function headersJson(headers: KafkaRecord["headers"]): string {
  const base64 = (value: Buffer | string | null) => Buffer.from(value ?? "").toString("base64");
  const entries = Object.entries(headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.map(base64) : base64(value)] as const],
  );
  return JSON.stringify(Object.fromEntries(entries));
}
