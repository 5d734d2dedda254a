import { fetchTopicRanges, stableRanges } from "../../shared/kafka/topic-reader.ts";
import type { Services } from "../cli/services.ts";
import { waitForGroups } from "./catch-up.ts";
import { incompleteLedgers, instanceState } from "./instances.ts";
import { type InstanceRow, readInstanceSums, readInstances } from "./queries.ts";

/**
 * A ledger that closes is copied record by record, from several partitions: its total may be there before its counts. What
 * looks incomplete is looked at again when the copy has reached what was published until then.
 */
export async function findIncompleteLedgers(services: Services): Promise<string[]> {
  const { clickhouse } = services;
  const look = async () => incompleteLedgers(await readInstances(clickhouse), await readInstanceSums(clickhouse));
  const first = await look();
  if (first.length === 0) return first;
  await awaitLedgerCopy(services);
  const second = new Set(await look());
  return first.filter((line) => second.has(line));
}

/**
 * The instances, and the time as of which they are known. The store's copy of the ledger may lag by a rebalance or on a busy
 * machine, and whoever is alive looks killed then. Who looks killed is looked at again when the copy has reached what was
 * published until now.
 */
export async function readSettledInstances(services: Services): Promise<{ rows: InstanceRow[]; asOfMs: number }> {
  const { clickhouse, io } = services;
  const asOfMs = io.clock.now();
  const rows = await readInstances(clickhouse);
  if (rows.every((row) => instanceState(row, asOfMs) !== "dead")) return { rows, asOfMs };
  await awaitLedgerCopy(services);
  return { rows: await readInstances(clickhouse), asOfMs };
}

const LEDGER_WAIT_MS = 15_000;

/** Waits until the store's copy of the ledger has reached what has been published, or for so long. */
async function awaitLedgerCopy(services: Services): Promise<void> {
  await waitForGroups(services, [await ledgerTarget(services)], services.io.clock.now() + LEDGER_WAIT_MS);
}

/** The ledger as it is now, and the group that copies it into the store. */
export async function ledgerTarget({ config, admin }: Services) {
  const topic = config.KAFKA_LEDGER_TOPIC;
  const ranges = stableRanges(await fetchTopicRanges(admin, topic));
  return { group: config.KAFKA_LEDGER_GROUP_ID, topic, ranges };
}
