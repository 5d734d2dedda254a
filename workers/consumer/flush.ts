import type { EventRow } from "../shared/clickhouse/tables/events-raw.ts";
import type { RecordRun } from "../shared/kafka/group-types.ts";
import type { Batch } from "../shared/pipeline/batcher.ts";
import type { Clock } from "../shared/runtime/clock.ts";
import { AppError } from "../shared/runtime/errors.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { DeadLettersGivenUp, type DeadLetterWriter, type RefusedMessage } from "./dead-letter-writer.ts";
import type { Flush } from "./ingest-pipeline.ts";
import { type DayInsert, JudgedRows } from "./judged-rows.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import type { StoreWriter } from "./store-writer.ts";
import type { TransformConfig } from "./transform.ts";

export type FlushDeps = {
  store: StoreWriter<EventRow>;
  deadLetters: DeadLetterWriter;
  metrics: ConsumerMetrics;
  clock: Clock;
  logger: Logger;
  /** Aborts when the grace period of a stop is over: what is not durable by then is left to be read again. */
  abandon: AbortSignal;
};

/** Messages judged in one go before other work gets its turn; a few ms. */
const JUDGE_SLICE = 2_000;

/**
 * Makes one batch durable, in steps that build on each other:
 *
 * 1. *Judge and split.* Every message becomes an encoded row or a dead letter; nothing has left the process. Rows are
 *    grouped by event day, so that one insert touches one partition and code 252 has one meaning only.
 * 2. *Store.* After this every row is acknowledged by ClickHouse, or known to be refused because of its own values while
 *    the store accepts others; those join the dead letters. A crash here repeats rows, which replace themselves.
 * 3. *Set aside.* After this every dead letter is acknowledged by all in-sync replicas of Kafka and by ClickHouse. A
 *    crash here repeats letters, which are identified by where the original lay.
 * 4. *Commit.* Only now the runs are reported as complete, so a committed offset means: stored, a copy, or set aside.
 */
export function createFlush(config: TransformConfig & { maxRows: number }, deps: FlushDeps): Flush {
  const slots: JudgedRows[] = [];
  const rowsOfSlot = (slot: number) => {
    slots[slot] ??= new JudgedRows(config);
    return slots[slot];
  };
  return async function flush(batch, slot) {
    const abandoned = () => deps.abandon.aborted || batch.items.every((run) => !run.isCurrent());
    observeBatch(deps.metrics, batch);
    const rows = rowsOfSlot(slot);
    try {
      const letters = await judge(batch, rows, deps.clock);
      for (const insert of rows.inserts()) {
        const refused = await deps.store.store(insert, slot, abandoned);
        letters.push(...refused.map(({ row, reason }) => asLetter(batch, row, reason)));
        observeStored(deps, insert, config.lateAfterMs);
      }
      if (letters.length > 0) await deps.deadLetters.write(letters, abandoned, deps.abandon);
      for (const { errorClass } of letters) deps.metrics.deadLetters.inc({ class: errorClass });
      for (const run of batch.items) run.complete();
    } catch (error) {
      const givenUp =
        error instanceof DeadLettersGivenUp || (error instanceof AppError && error.code === "STORE_GIVEN_UP");
      if (!givenUp) throw error;
      deps.logger.warn({ rows: batch.rows }, "batch given up before it was durable; its messages will be read again");
    } finally {
      rows.reset();
    }
  };
}

/** Step 1, without input or output. */
async function judge(batch: Batch<RecordRun>, rows: JudgedRows, clock: Clock): Promise<RefusedMessage[]> {
  const letters: RefusedMessage[] = [];
  let untilPause = JUDGE_SLICE;
  for (const { partition, records } of batch.items) {
    const nowMs = clock.now();
    for (const record of records) {
      const refused = rows.add(record, partition, nowMs);
      if (refused === undefined) continue;
      letters.push({ record, partition, errorClass: refused.errorClass, reason: refused.reason });
    }
    untilPause -= records.length;
    if (untilPause <= 0) {
      untilPause = JUDGE_SLICE;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return letters;
}

/** The message from which a row was made, with the store's reason to refuse it. */
function asLetter(batch: Batch<RecordRun>, row: EventRow, reason: string): RefusedMessage {
  for (const run of batch.items) {
    if (run.partition !== row.kafkaPartition) continue;
    const record = run.records.find(({ offset }) => offset === row.kafkaOffset);
    if (record) return { record, partition: run.partition, errorClass: "rejected_by_store", reason };
  }
  throw new RangeError(`no message ${row.kafkaPartition}/${row.kafkaOffset} in the batch`);
}

function observeBatch(metrics: ConsumerMetrics, batch: Batch<RecordRun>): void {
  metrics.batches.inc({ trigger: batch.trigger });
  metrics.batchRows.observe(batch.rows);
  metrics.batchBytes.observe(batch.items.reduce((sum, run) => sum + run.bytes, 0));
  metrics.batchAge.observe(batch.ageMs / 1000);
  for (const run of batch.items) {
    metrics.consumed.inc(run.records.length);
    metrics.consumedBytes.inc(run.bytes);
  }
}

/** Counts refused rows as well, which are few: what matters is that the loop is cheap. */
function observeStored({ metrics, clock }: FlushDeps, { block, length }: DayInsert, lateAfterMs: number): void {
  const nowMs = clock.now();
  const { event_time, kafka_append_time, size_bytes } = block.columns;
  let bytes = 0;
  let newest = 0;
  for (let row = 0; row < length; row++) {
    const eventTimeMs = event_time.at(row);
    const appendTimeMs = kafka_append_time.at(row);
    bytes += size_bytes.at(row);
    if (appendTimeMs > newest) newest = appendTimeMs;
    metrics.appendToStored.add((nowMs - appendTimeMs) / 1000);
    metrics.eventToStored.add((nowMs - eventTimeMs) / 1000);
    if (appendTimeMs - eventTimeMs <= lateAfterMs) continue;
    metrics.late.inc();
    metrics.lateness.add((appendTimeMs - eventTimeMs) / 1000);
  }
  metrics.stored.inc(length);
  metrics.storedBytes.inc(bytes);
  metrics.lastStored.set(newest / 1000);
}
