import { AppError } from "../runtime/errors.ts";
import type { ClickHouse } from "./client.ts";

/**
 * A ledger record is newer than another of its key when its offset is higher, which holds within one partition only.
 * With more partitions a key moves to another one, where offsets start low, and its new records would be taken for old.
 * Hence the number of partitions is noted when the schema is migrated, and must stay.
 */

const settingOf = (topic: string) => `ledger_partitions ${topic}`;

/** The number of partitions the ledger topic had when it was noted; undefined when it never was. */
export async function readLedgerPartitions(clickhouse: ClickHouse, topic: string): Promise<number | undefined> {
  const rows = await clickhouse.query<{ value: string }>(
    "SELECT value FROM pipeline_settings FINAL WHERE name = {name:String}",
    { params: { name: settingOf(topic) } },
  );
  return rows[0] === undefined ? undefined : Number(rows[0].value);
}

/** Notes the number of partitions. */
export async function noteLedgerPartitions(clickhouse: ClickHouse, topic: string, partitions: number): Promise<void> {
  await clickhouse.command("INSERT INTO pipeline_settings (name, value) SELECT {name:String}, {value:String}", {
    params: { name: settingOf(topic), value: String(partitions) },
    settings: { async_insert: 0 },
  });
}

/** @throws AppError `CONFIG_INVALID` with the fix when the topic has another number of partitions than was noted. */
export function assertLedgerPartitions(topic: string, noted: number | undefined, partitions: number): void {
  if (noted === undefined || noted === partitions) return;
  throw new AppError(
    "CONFIG_INVALID",
    `The ledger topic ${topic} has ${partitions} partitions, and had ${noted}: newer records could no longer be told from older ones. ` +
      "Create a ledger topic of another name, set KAFKA_LEDGER_TOPIC to it for all workers, and run `ops migrate`",
    { retry: false },
  );
}
