import { type LedgerRecord, ledgerKey } from "../../shared/clickhouse/tables/ledger.ts";
import { partitionOf } from "../../shared/kafka/partitioner.ts";
import type { PartitionBatch, Sender, SendMessage } from "../../shared/kafka/sender.ts";
import type { Clock } from "../../shared/runtime/clock.ts";
import { sleep } from "../../shared/runtime/sleep.ts";

export type LedgerWriterConfig = {
  instance: string;
  startedAtMs: number;
  /** Partitions of the ledger topic. */
  partitions: number;
  /** Pause between publications, ms. */
  intervalMs: number;
};

/** What is published: changed records, and the instance's totals. */
export type PublishedLedger = {
  takeChanges?(): LedgerRecord[];
  totals(): { count: number; unknown: number; reached?: Readonly<Record<string, number>> };
};

export type LedgerWriterDeps = {
  ledger: PublishedLedger;
  sender: Sender;
  clock: Clock;
  /** Told of each publication: the number of records. */
  onPublish?: (records: number) => void;
};

/** Publishes a ledger: see {@link startLedgerWriter}. */
export type LedgerWriter = {
  /** Publishes the last counts, then the state `closed`. False when `signal` aborted it first: the ledger stays open. */
  close(signal?: AbortSignal): Promise<boolean>;
  /** Rejects when publishing fails for another reason than Kafka. Never resolves. */
  readonly failed: Promise<never>;
};

/**
 * Publishes the instance as `open` and, from then on, every changed count with a heartbeat. Resolves after the first
 * publication is acknowledged: an event must not be in Kafka before its instance is known to be open.
 */
export async function startLedgerWriter(config: LedgerWriterConfig, deps: LedgerWriterDeps): Promise<LedgerWriter> {
  const { ledger, sender, clock } = deps;
  const stop = new AbortController();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);

  const instanceRecord = (state: "open" | "closed"): LedgerRecord => {
    const { count, unknown, reached } = ledger.totals();
    const { instance, startedAtMs } = config;
    const times = { started_at: startedAtMs, updated_at: clock.now() };
    return { kind: "instance", instance, state, ...times, count, unknown, ...(reached && { reached }) };
  };

  const changes = () => ledger.takeChanges?.() ?? [];

  /** True when all records are acknowledged. */
  const publish = async (records: readonly LedgerRecord[], signal?: AbortSignal): Promise<boolean> => {
    let complete = true;
    const settle = (_: readonly SendMessage[], outcome: string) => {
      if (outcome !== "acknowledged") complete = false;
    };
    for (let at = 0; at < records.length; at += RECORDS_PER_REQUEST) {
      await sender.send(byPartition(records.slice(at, at + RECORDS_PER_REQUEST), config.partitions), settle, signal);
      if (!complete) return false;
    }
    deps.onPublish?.(records.length);
    return true;
  };

  // A publication that close() gives up must end too, hence its own signal.
  const giveUp = new AbortController();
  const run = async () => {
    while (!stop.signal.aborted) {
      await sleep(config.intervalMs, stop.signal);
      if (stop.signal.aborted) return;
      const instance = instanceRecord("open");
      await publish([...changes(), instance], giveUp.signal);
    }
  };

  await publish([instanceRecord("open")]);
  const running = run().catch(failure.reject);

  return {
    failed: failure.promise,
    async close(signal) {
      const abort = () => giveUp.abort();
      if (signal?.aborted) abort();
      signal?.addEventListener("abort", abort, { once: true });
      stop.abort();
      await running;
      if (giveUp.signal.aborted) return false;
      // Two steps: whoever sees `closed` has all counts before it.
      if (!(await publish(changes(), giveUp.signal))) return false;
      return publish([instanceRecord("closed")], giveUp.signal);
    },
  };
}

const RECORDS_PER_REQUEST = 2_000;

function byPartition(records: readonly LedgerRecord[], partitions: number): PartitionBatch<SendMessage>[] {
  const batches = new Map<number, SendMessage[]>();
  for (const record of records) {
    const key = Buffer.from(ledgerKey(record));
    const partition = partitionOf(key, partitions);
    const message = { key, value: JSON.stringify(record) };
    const batch = batches.get(partition);
    if (batch) batch.push(message);
    else batches.set(partition, [message]);
  }
  return Array.from(batches, ([partition, messages]) => ({ partition, messages }));
}
