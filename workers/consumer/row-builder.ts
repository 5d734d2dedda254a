import { EventsBlock } from "../shared/clickhouse/tables/events-block.ts";
import type { EncodedRows } from "../shared/clickhouse/tables/events-raw.ts";
import { dayStartS } from "../shared/event/index.ts";
import { EventScanner } from "../shared/event/scan/event-scanner.ts";
import type { KafkaRecord } from "../shared/kafka/group-types.ts";
import { HEADERS } from "../shared/kafka/headers.ts";
import type { DeadLetter } from "./flush/results.ts";
import type { PreparedRows } from "./store-writer.ts";
import { headerText, type TransformConfig, transformRecord } from "./transform.ts";

/** Rows of one event day for one insert; what the store is told of single rows are their numbers. */
export class DayInsert implements PreparedRows<number> {
  readonly block = new EventsBlock();
  dayS = 0;

  get length(): number {
    return this.block.rows;
  }

  at(index: number): number {
    return index;
  }

  encode(rows?: readonly number[]): EncodedRows {
    return this.block.encode(rows);
  }

  reset(dayS: number): void {
    this.dayS = dayS;
    this.block.reset();
  }
}

/**
 * Judges messages and collects the valid ones by event day. The common message goes straight from its bytes into columns;
 * any other takes the way through {@link transformRecord}, which also knows the reason of a refusal.
 */
export class RowBuilder {
  readonly #config: TransformConfig & { maxRows: number };
  readonly #scanner = new EventScanner();
  readonly #open = new Map<number, DayInsert>();
  #inserts: DayInsert[] = [];
  /** Kept for its buffers; one suffices, since nearly all batches are of one day. */
  #spare: DayInsert | undefined;
  #last: DayInsert | undefined;
  #lastHeaders: KafkaRecord["headers"];
  #lastProducer: Buffer = Buffer.alloc(0);

  constructor(config: TransformConfig & { maxRows: number }) {
    this.#config = config;
  }

  /** The inserts: each of one event day and at most `maxRows` rows, oldest day first. Valid until {@link reset}. */
  inserts(): DayInsert[] {
    return this.#inserts.toSorted((a, b) => a.dayS - b.dayS);
  }

  /** Memory of the rows, bytes. */
  get byteLength(): number {
    return this.#inserts.reduce((sum, { block }) => sum + block.byteLength, 0);
  }

  /** Forgets all rows. */
  reset(): void {
    this.#spare = this.#inserts[0] ?? this.#spare;
    this.#spare?.reset(0);
    this.#inserts = [];
    this.#open.clear();
    this.#last = undefined;
  }

  /** Takes one message; answers why it must be set aside, or undefined when it became a row. */
  add(record: KafkaRecord, partition: number, nowMs: number): DeadLetter | undefined {
    const { value } = record;
    if (value !== null && this.#scanner.scan(value) && this.#isInTime(record.appendTimeMs, value.length)) {
      this.#addScanned(value, record, partition, nowMs);
      return undefined;
    }
    const result = transformRecord(record, partition, this.#config, nowMs);
    if (result.kind !== "ok") return result;
    const insert = this.#insertOf(result.value.eventTimeMs);
    insert.block.add(result.value);
    return undefined;
  }

  #isInTime(appendTimeMs: number, bytes: number): boolean {
    const { maxAgeMs, maxFutureMs, maxBytes } = this.#config;
    const aheadMs = this.#scanner.eventTimeMs - appendTimeMs;
    return -aheadMs <= maxAgeMs && aheadMs <= maxFutureMs && bytes <= maxBytes;
  }

  #addScanned(value: Buffer, record: KafkaRecord, partition: number, nowMs: number): void {
    const event = this.#scanner;
    const { appendTimeMs } = record;
    const { eventTimeMs, receivedTimeMs, currencyAt, rule } = event;
    const insert = this.#insertOf(eventTimeMs);
    const { columns } = insert.block;
    columns.event_id.push(value, event.idAt);
    columns.event_time.push(eventTimeMs);
    columns.received_time.push(receivedTimeMs);
    columns.source.pushBytes(rule.sourceBytes, 0, rule.sourceBytes.length);
    columns.event_type.pushBytes(rule.eventTypeBytes, 0, rule.eventTypeBytes.length);
    columns.user_id.pushBytes(value, event.userAt, event.userEnd);
    columns.session_id.pushBytes(value, event.sessionAt, event.sessionEnd);
    columns.amount.push(event.amountE4);
    columns.currency.pushBytes(value, currencyAt, currencyAt === 0 ? 0 : currencyAt + 3);
    columns.payload.pushBytes(value, event.payloadAt, event.payloadEnd);
    columns.extra.push(event.extraJson);
    columns.size_bytes.push(value.length);
    columns.latency_ms.push(nowMs - eventTimeMs);
    columns.ingest_delay_ms.push(receivedTimeMs - eventTimeMs);
    columns.is_late.push(appendTimeMs - eventTimeMs > this.#config.lateAfterMs ? 1 : 0);
    const producer = this.#producerOf(record.headers);
    columns.producer.pushBytes(producer, 0, producer.length);
    columns.kafka_partition.push(partition);
    columns.kafka_offset.push(record.offset);
    columns.kafka_append_time.push(appendTimeMs);
    insert.block.endRow();
  }

  /** Messages of one producer share their headers. */
  #producerOf(headers: KafkaRecord["headers"]): Buffer {
    if (headers !== this.#lastHeaders) {
      this.#lastHeaders = headers;
      this.#lastProducer = Buffer.from(headerText(headers, HEADERS.producer));
    }
    return this.#lastProducer;
  }

  /** The insert that takes a row of this event time. */
  #insertOf(eventTimeMs: number): DayInsert {
    const dayS = dayStartS(eventTimeMs);
    const found = this.#last?.dayS === dayS ? this.#last : this.#open.get(dayS);
    const insert = found !== undefined && found.length < this.#config.maxRows ? found : this.#openInsert(dayS);
    this.#last = insert;
    return insert;
  }

  #openInsert(dayS: number): DayInsert {
    const insert = this.#spare ?? new DayInsert();
    this.#spare = undefined;
    insert.reset(dayS);
    this.#open.set(dayS, insert);
    this.#inserts.push(insert);
    return insert;
  }
}
