import type { z } from "zod";
import {
  encodeLedgerCounts,
  encodeLedgerInstances,
  LEDGER_COUNTS_COLUMNS,
  LEDGER_COUNTS_TABLE,
  LEDGER_INSTANCES_COLUMNS,
  LEDGER_INSTANCES_TABLE,
  type LedgerEntry,
  type ledgerCountSchema,
  type ledgerInstanceSchema,
  ledgerRecordSchema,
} from "../shared/clickhouse/tables/ledger.ts";
import type { KafkaRecord, RecordRun } from "../shared/kafka/group-types.ts";
import { AppError } from "../shared/runtime/errors.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import type { Batch, Flush } from "./ingest-pipeline.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import { prepareRows, StoreWriter, type StoreWriterDeps } from "./store-writer.ts";

type CountEntry = LedgerEntry<z.output<typeof ledgerCountSchema>>;
type InstanceEntry = LedgerEntry<z.output<typeof ledgerInstanceSchema>>;

export type LedgerFlushDeps = StoreWriterDeps & { metrics: ConsumerMetrics; logger: Logger; abandon: AbortSignal };

/** Ledger records as they were read: they are few. */
export class LedgerBatch implements Batch {
  readonly runs: RecordRun[] = [];
  #rows = 0;
  #bytes = 0;

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(run: RecordRun): void {
    this.runs.push(run);
    this.#rows += run.records.length;
    this.#bytes += run.bytes + run.ticket.heldBytes;
  }

  reset(): void {
    this.runs.length = 0;
    this.#rows = 0;
    this.#bytes = 0;
  }
}

/**
 * Copies ledger records into ClickHouse. Records are cumulative and carry their offset as version, so copying one twice
 * or late changes nothing; offsets are committed after the copy. A malformed record is logged, counted and skipped.
 */
export function createLedgerFlush(deps: LedgerFlushDeps): Flush<LedgerBatch> {
  const counts = new StoreWriter({ table: LEDGER_COUNTS_TABLE, columns: LEDGER_COUNTS_COLUMNS }, deps);
  const instances = new StoreWriter({ table: LEDGER_INSTANCES_TABLE, columns: LEDGER_INSTANCES_COLUMNS }, deps);
  const malformed = (offset: number, reason: string) => {
    deps.metrics.ledgerRecords.inc({ outcome: "malformed" });
    deps.logger.error({ offset, reason }, "malformed ledger record skipped");
  };

  return async function flushLedger({ runs }) {
    const abandoned = () => deps.abandon.aborted || runs.every(({ ticket }) => !ticket.isCurrent());
    const countEntries: CountEntry[] = [];
    const instanceEntries: InstanceEntry[] = [];
    for (const record of runs.flatMap(({ records }) => records)) {
      // A tombstone ends a key in the topic; the store keeps what it knew.
      if (record.value === null) continue;
      const parsed = parseLedgerRecord(record);
      if (!parsed.ok) malformed(record.offset, parsed.reason);
      else if (parsed.entry.record.kind === "count") countEntries.push(parsed.entry as CountEntry);
      else instanceEntries.push(parsed.entry as InstanceEntry);
    }
    try {
      const refused = [
        ...(countEntries.length > 0
          ? await counts.store(prepareRows(countEntries, encodeLedgerCounts), abandoned)
          : []),
        // After the counts: an instance shown as closed has all its counts in the store.
        ...(instanceEntries.length > 0
          ? await instances.store(prepareRows(instanceEntries, encodeLedgerInstances), abandoned)
          : []),
      ];
      for (const { row, reason } of refused) malformed(row.offset, reason);
    } catch (error) {
      if (error instanceof AppError && error.code === "STORE_GIVEN_UP") return;
      throw error;
    }
    deps.metrics.ledgerRecords.inc({ outcome: "stored" }, countEntries.length + instanceEntries.length);
    for (const { ticket } of runs) ticket.complete();
  };
}

const MAX_UINT64 = (1n << 64n) - 1n;

/** One record of the ledger topic, or why it is none. */
export function parseLedgerRecord(
  record: Pick<KafkaRecord, "offset" | "value">,
): { ok: true; entry: LedgerEntry } | { ok: false; reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(record.value?.toString("utf8") ?? "");
  } catch {
    return { ok: false, reason: "not JSON" };
  }
  const parsed = ledgerRecordSchema.safeParse(value);
  if (!parsed.success) {
    return {
      ok: false,
      reason: parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "),
    };
  }
  const entry = { record: parsed.data, offset: record.offset };
  if (entry.record.kind === "count" && BigInt(entry.record.checksum) > MAX_UINT64) {
    return { ok: false, reason: "checksum: above 2^64" };
  }
  return { ok: true, entry };
}
