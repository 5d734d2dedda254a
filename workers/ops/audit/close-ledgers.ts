import { type LedgerRecord, ledgerKey } from "../../shared/clickhouse/tables/ledger.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { partitionOf } from "../../shared/kafka/partitioner.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import type { Services } from "../cli/services.ts";
import { DEAD_AFTER_MS, instanceState } from "../verify/instances.ts";
import { type InstanceRow, readInstances } from "../verify/queries.ts";

/**
 * Ledgers that a passed audit closes: of instances killed before the audit began, and of those with unknown sends. What
 * began later was not audited: it counts as silent only because its records are not in the store yet.
 */
export async function findClosable(services: Services, snapshotMs: number): Promise<InstanceRow[]> {
  const rows = await readInstances(services.clickhouse);
  const known = new Set(rows.map((row) => row.instance));
  const producers = await services.clickhouse.query<{ producer: string }>(
    `SELECT producer FROM events_raw WHERE producer != ''
     GROUP BY producer HAVING max(kafka_append_time) < fromUnixTimestamp64Milli({before:Int64})`,
    { params: { before: snapshotMs - DEAD_AFTER_MS } },
  );
  const silent = producers
    .filter(({ producer }) => !known.has(producer))
    .map(({ producer }) => ({
      instance: producer,
      state: "open",
      startedAtMs: snapshotMs,
      updatedAtMs: 0,
      events: 0,
      unknown: 0,
      reached: undefined,
    }));
  const own = rows.filter(({ startedAtMs, reached }) => startedAtMs < snapshotMs && reached === undefined);
  return [...own, ...silent].filter((row) => {
    const state = instanceState(row, snapshotMs);
    return state === "dead" || (state === "closed" && row.unknown > 0);
  });
}

/**
 * Publishes the state `audited` for each ledger: the topic itself has proven what its last records could not say. The
 * ledger's copy in the store follows as with any record.
 * @returns false when the user may not write to the ledgers' topic: what was proven stays proven, and they stay open.
 */
export async function closeLedgers(services: Services, rows: readonly InstanceRow[]): Promise<boolean> {
  if (rows.length === 0) return true;
  const { config, kafka, admin, io } = services;
  const topic = config.KAFKA_LEDGER_TOPIC;
  const partitions = (await kafkaCall(() => admin.fetchTopicOffsets(topic))).length;
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const nowMs = io.clock.now();
  const records = rows.map((row): LedgerRecord => {
    const { instance, startedAtMs: started_at, events: count, unknown } = row;
    return { kind: "instance", instance, state: "audited", started_at, updated_at: nowMs, count, unknown };
  });
  try {
    await kafkaCall(() => producer.connect());
    await kafkaCall(() =>
      producer.send({
        topic,
        acks: -1,
        messages: records.map((record) => {
          const key = Buffer.from(ledgerKey(record));
          // The same partition as the instance's own records, or compaction would keep both.
          return { key, value: JSON.stringify(record), partition: partitionOf(key, partitions) };
        }),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "KAFKA_TOPIC_AUTHORIZATION_FAILED") return false;
    throw error;
  } finally {
    await producer.disconnect();
  }
}
