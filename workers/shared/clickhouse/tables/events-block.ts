import { LowCardinalityColumn } from "../low-cardinality-column.ts";
import { nativeBlock } from "../native-block.ts";
import {
  Int64Column,
  type NativeColumn,
  StringColumn,
  UInt8Column,
  UInt32Column,
  UuidColumn,
} from "../native-columns.ts";
import { type EncodedRows, EVENTS_RAW_COLUMNS, type EventRow } from "./events-raw.ts";

const TIME = "DateTime64(3, 'UTC')";

/**
 * Rows of events_raw by columns, for one insert in Native format: half the server's cost of RowBinary. Rows are added
 * either as {@link EventRow} or column by column; then every column must get one value.
 */
export class EventsBlock {
  readonly columns = {
    event_id: new UuidColumn(),
    event_time: new Int64Column(TIME),
    received_time: new Int64Column(TIME),
    source: new LowCardinalityColumn(),
    event_type: new LowCardinalityColumn(),
    user_id: new StringColumn(),
    session_id: new StringColumn(),
    amount: new Int64Column("Decimal(18, 4)"),
    currency: new LowCardinalityColumn(),
    payload: new StringColumn(),
    extra: new StringColumn(),
    size_bytes: new UInt32Column(),
    latency_ms: new Int64Column("Int64"),
    ingest_delay_ms: new Int64Column("Int64"),
    is_late: new UInt8Column("Bool"),
    producer: new LowCardinalityColumn(),
    kafka_partition: new UInt32Column(),
    kafka_offset: new Int64Column("UInt64"),
    kafka_append_time: new Int64Column(TIME),
  } satisfies Record<(typeof EVENTS_RAW_COLUMNS)[number], unknown>;

  readonly #columns: readonly NativeColumn[] = Object.values(this.columns);
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  /** Says that every column has got the value of one more row. */
  endRow(): void {
    this.#rows++;
  }

  /** Forgets all rows; buffers are kept. */
  reset(): void {
    this.#rows = 0;
    for (const column of this.#columns) column.reset();
  }

  add(row: EventRow): void {
    const { columns } = this;
    columns.event_id.push(Buffer.from(row.eventId), 0);
    columns.event_time.push(row.eventTimeMs);
    columns.received_time.push(row.receivedTimeMs);
    columns.source.push(row.source);
    columns.event_type.push(row.eventType);
    columns.user_id.push(row.userId);
    columns.session_id.push(row.sessionId);
    columns.amount.push(row.amountE4);
    columns.currency.push(row.currency);
    columns.payload.push(row.payloadJson);
    columns.extra.push(row.extraJson);
    columns.size_bytes.push(row.sizeBytes);
    columns.latency_ms.push(row.latencyMs);
    columns.ingest_delay_ms.push(row.ingestDelayMs);
    columns.is_late.push(row.isLate ? 1 : 0);
    columns.producer.push(row.producer);
    columns.kafka_partition.push(row.kafkaPartition);
    columns.kafka_offset.push(row.kafkaOffset);
    columns.kafka_append_time.push(row.kafkaAppendTimeMs);
    this.endRow();
  }

  /** Memory of the values, bytes. */
  get byteLength(): number {
    let bytes = 0;
    for (const column of this.#columns) bytes += column.byteLength;
    return bytes;
  }

  /**
   * The block for `INSERT INTO events_raw (EVENTS_RAW_COLUMNS)`, valid until the next row.
   * @param some numbers of the rows to take, ascending; all by default.
   */
  encode(some?: readonly number[]): EncodedRows {
    const columns = EVENTS_RAW_COLUMNS.map((name) => [name, this.columns[name]] as const);
    return { format: "Native", pieces: nativeBlock(columns, this.#rows, some) };
  }
}
