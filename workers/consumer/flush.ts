import type { Clock } from "../shared/runtime/clock.ts";
import { AppError } from "../shared/runtime/errors.ts";
import { collectGarbageByVolume } from "../shared/runtime/garbage.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { DeadLettersGivenUp, type DeadLetterWriter } from "./dead-letter-writer.ts";
import type { EventBatch } from "./event-batch.ts";
import type { Flush, FlushOccasion } from "./ingest-pipeline.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import type { DayInsert } from "./row-builder.ts";
import type { StoreWriter } from "./store-writer.ts";
import type { TransformConfig } from "./transform.ts";

export type FlushDeps = {
  store: StoreWriter;
  deadLetters: DeadLetterWriter;
  metrics: ConsumerMetrics;
  clock: Clock;
  logger: Logger;
  /** Aborts when the grace period of a stop is over: what is not durable by then is left to be read again. */
  abandon: AbortSignal;
};

/** Dead letters whose bytes are worth a collection: each was in memory several times, as text and compressed. */
const LETTER_GARBAGE_BYTES = 16_777_216;

/**
 * Makes one batch durable, in steps that build on each other:
 *
 * 1. *Judged and split*, as its messages arrived: every message is an encoded row or a dead letter. Rows are grouped by
 *    event day, so that one insert touches one partition and code 252 has one meaning only.
 * 2. *Store.* After this every row is acknowledged by ClickHouse, or known to be refused because of its own values while
 *    the store accepts others; those join the dead letters. A crash here repeats rows, which replace themselves.
 * 3. *Set aside.* After this every dead letter is acknowledged by all in-sync replicas of Kafka and by ClickHouse. A
 *    crash here repeats letters, which are identified by where the original lay.
 * 4. *Commit.* Only now the runs are reported as complete, so a committed offset means: stored, a copy, or set aside.
 */
export function createFlush({ lateAfterMs }: Pick<TransformConfig, "lateAfterMs">, deps: FlushDeps): Flush<EventBatch> {
  const collectLetters = collectGarbageByVolume(LETTER_GARBAGE_BYTES);
  return async function flush(batch, occasion) {
    const { letters, tickets } = batch;
    const abandoned = () => deps.abandon.aborted || tickets.every((ticket) => !ticket.isCurrent());
    observeBatch(deps.metrics, batch, occasion);
    try {
      for (const insert of batch.inserts()) {
        const refused = await deps.store.store(insert, abandoned);
        if (refused.length > 0) letters.push(...(await batch.lettersOf(insert, refused)));
        observeStored(deps, insert, lateAfterMs);
      }
      if (letters.length > 0) await deps.deadLetters.write(letters, abandoned, deps.abandon);
      collectLetters(letters.reduce((sum, { record }) => sum + (record.value?.length ?? 0), 0));
      for (const { errorClass } of letters) deps.metrics.deadLetters.inc({ class: errorClass });
      for (const ticket of tickets) ticket.complete();
    } catch (error) {
      const givenUp =
        error instanceof DeadLettersGivenUp || (error instanceof AppError && error.code === "STORE_GIVEN_UP");
      if (!givenUp) throw error;
      deps.logger.warn({ rows: batch.rows }, "batch given up before it was durable; its messages will be read again");
    }
  };
}

function observeBatch(metrics: ConsumerMetrics, batch: EventBatch, { trigger, ageMs }: FlushOccasion): void {
  metrics.batches.inc({ trigger });
  metrics.batchRows.observe(batch.rows);
  metrics.batchBytes.observe(batch.messageBytes);
  metrics.batchAge.observe(ageMs / 1000);
  metrics.consumed.inc(batch.rows);
  metrics.consumedBytes.inc(batch.messageBytes);
}

/** Counts refused rows as well, which are few: what matters is that the loop is cheap. */
function observeStored({ metrics, clock }: FlushDeps, { block, length }: DayInsert, lateAfterMs: number): void {
  const nowMs = clock.now();
  const { event_time, kafka_append_time, size_bytes } = block.columns;
  let bytes = 0;
  let newest = 0;
  for (let row = 0; row < length; row++) {
    const eventTimeMs = event_time.valueAt(row);
    const appendTimeMs = kafka_append_time.valueAt(row);
    bytes += size_bytes.valueAt(row);
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
