import type { KafkaRecord, RecordRun, RunTicket } from "../shared/kafka/group-types.ts";
import type { RefusedMessage } from "./dead-letter-writer.ts";
import type { RefusedRow } from "./flush/bisect.ts";
import type { Batch } from "./ingest-pipeline.ts";
import { type DayInsert, RowBuilder } from "./row-builder.ts";
import type { TransformConfig } from "./transform.ts";

/** What a dead letter costs: its objects, bytes, and how often key and value are in memory while it is written. */
const LETTER_OBJECTS_BYTES = 500;
const LETTER_COPIES = 10;

/**
 * Messages judged as they arrive: rows in the columns of their inserts, dead letters, and the tickets by which their runs
 * are finished. Rows take a third of the memory of messages as objects, so an insert may have three times as many.
 */
export class EventBatch implements Batch {
  readonly letters: RefusedMessage[] = [];
  readonly tickets: RunTicket[] = [];
  readonly #judged: RowBuilder;
  #lastHeaders: KafkaRecord["headers"];
  #lastHeadersCopy: KafkaRecord["headers"];
  #rows = 0;
  #messageBytes = 0;
  /** Memory of all but the judged rows, bytes. */
  #heldBytes = 0;

  constructor(config: TransformConfig & { maxRows: number }) {
    this.#judged = new RowBuilder(config);
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#judged.byteLength + this.#heldBytes;
  }

  /** Size of keys and values, bytes. */
  get messageBytes(): number {
    return this.#messageBytes;
  }

  /** Judges the messages of a run; nothing leaves the process. */
  add({ records, bytes, ticket }: RecordRun, nowMs: number): void {
    const { partition } = ticket;
    for (const record of records) {
      const refused = this.#judged.add(record, partition, nowMs);
      if (refused === undefined) continue;
      const { errorClass, reason } = refused;
      this.letters.push({ record: this.#detach(record), partition, errorClass, reason });
      const size = (record.key?.length ?? 0) + (record.value?.length ?? 0);
      this.#heldBytes += LETTER_OBJECTS_BYTES + LETTER_COPIES * size;
    }
    this.tickets.push(ticket);
    this.#rows += records.length;
    this.#messageBytes += bytes;
    this.#heldBytes += ticket.heldBytes;
  }

  /** The inserts: each of one event day, oldest day first. */
  inserts(): DayInsert[] {
    return this.#judged.inserts();
  }

  /** The messages of rows that the store refused, as dead letters. @throws RangeError for a row that is of no message. */
  async lettersOf({ block }: DayInsert, refused: readonly RefusedRow<number>[]): Promise<RefusedMessage[]> {
    const { kafka_partition, kafka_offset } = block.columns;
    const unmatched = new Set(refused);
    const letters: RefusedMessage[] = [];
    for (const { partition, first, last, read } of this.tickets) {
      const reasons = new Map<number, string>();
      for (const one of refused) {
        const offset = kafka_offset.valueAt(one.row);
        if (kafka_partition.valueAt(one.row) !== partition || offset < first || offset > last) continue;
        reasons.set(offset, one.reason);
        unmatched.delete(one);
      }
      if (reasons.size === 0) continue;
      for (const record of await read(reasons.keys())) {
        const reason = reasons.get(record.offset) ?? "";
        letters.push({ record: this.#detach(record), partition, errorClass: "rejected_by_store", reason });
      }
    }
    if (unmatched.size > 0) throw new RangeError(`${unmatched.size} refused rows are of no message of the batch`);
    return letters;
  }

  /** A copy: the record itself would keep its whole batch in memory, decompressed. */
  #detach({ offset, appendTimeMs, key, value, headers }: KafkaRecord): KafkaRecord {
    if (headers !== this.#lastHeaders) {
      this.#lastHeaders = headers;
      this.#lastHeadersCopy = copyHeaders(headers);
    }
    const copy = (bytes: Buffer | null) => bytes && Buffer.from(bytes);
    return { offset, appendTimeMs, key: copy(key), value: copy(value), headers: this.#lastHeadersCopy };
  }

  reset(): void {
    this.#lastHeaders = undefined;
    this.#lastHeadersCopy = undefined;
    this.#judged.reset();
    this.letters.length = 0;
    this.tickets.length = 0;
    this.#rows = 0;
    this.#messageBytes = 0;
    this.#heldBytes = 0;
  }
}

function copyHeaders(headers: KafkaRecord["headers"]): KafkaRecord["headers"] {
  if (headers === undefined) return undefined;
  // A header may lack a value, which the client's types do not say.
  const copy = (value: Buffer | string) => (Buffer.isBuffer(value) ? Buffer.from(value) : value);
  // Without a prototype, as the original: a header may have any name.
  const copies: NonNullable<KafkaRecord["headers"]> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    copies[name] = Array.isArray(value) ? value.map(copy) : value && copy(value);
  }
  return copies;
}
