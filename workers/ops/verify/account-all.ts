import { fetchTopicRanges, type PartitionRange } from "../../shared/kafka/topic-reader.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import { firstAppendTime } from "../cli/first-append-time.ts";
import type { Services } from "../cli/services.ts";
import { accountPartition, countImpossible, type PartitionAccount } from "./accounting.ts";
import { explainMissing } from "./explain-missing.ts";
import { truncatedPartitions } from "./instances.ts";
import type { InstanceRow } from "./queries.ts";

/**
 * Accounts for the offsets of all partitions, and names those that end before what a producer saw acknowledged: `instances`
 * were read before the ends are asked for.
 */
export async function accountAll(
  services: Services,
  ranges: readonly PartitionRange[],
  instances: readonly InstanceRow[],
): Promise<{ partitions: PartitionAccount[]; truncated: string[] }> {
  const { config, admin, clickhouse, io } = services;
  const topic = config.KAFKA_EVENTS_TOPIC;
  const scope = { topic, sinceMs: await firstAppendTime(services, topic, ranges) };
  const accounts: (PartitionAccount & { lastClaimed: number })[] = [];
  for (const range of ranges) {
    let account = await accountPartition(clickhouse, scope, range);
    for (let again = 0; again < 3 && account.missing > 0 && !io.signal.aborted; again++) {
      await sleep(1_000, io.signal);
      account = await accountPartition(clickhouse, scope, range);
    }
    accounts.push(await explainMissing(services, topic, account));
  }
  const endsAfter = new Map((await fetchTopicRanges(admin, topic)).map(({ partition, end }) => [partition, end]));
  for (const account of accounts) {
    const { partition, lastClaimed } = account;
    const endAfter = endsAfter.get(partition) ?? account.end;
    account.impossible = await countImpossible(clickhouse, scope, partition, { lastClaimed, endAfter });
  }
  return { partitions: accounts, truncated: truncatedPartitions(instances, endsAfter, scope.sinceMs) };
}
