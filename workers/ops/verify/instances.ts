import { compareInstanceTotals, type EventsRow, type InstanceState, type LedgerRow } from "./compare.ts";
import type { InstanceRow } from "./queries.ts";

/** An open ledger without a record for longer than this belongs to a killed instance, ms. Records come every second. */
export const DEAD_AFTER_MS = 15_000;

/** The state of one instance; `undefined` stands for an instance that never wrote a record about itself. */
export function instanceState(row: InstanceRow | undefined, nowMs: number): InstanceState {
  if (row === undefined) return "dead";
  if (row.state === "closed" || row.state === "audited") return row.state;
  return nowMs - row.updatedAtMs > DEAD_AFTER_MS ? "dead" : "live";
}

/** Instances as they were when they were read. */
export type Instances = {
  stateOf(instance: string): InstanceState;
  updatedAtMs(instance: string): number | undefined;
  /** Open ledgers of killed instances, `seen` among them if they never wrote a record. */
  dead(seen: Iterable<string>): { instance: string; lastRecordMs: number | undefined }[];
};

/** @param nowMs time as of which the rows are known. */
export function indexInstances(rows: readonly InstanceRow[], nowMs: number): Instances {
  // What a killed instance sent as messages is proven without its ledger: by the account of the topic's offsets.
  const byName = new Map(rows.filter(({ reached }) => reached === undefined).map((row) => [row.instance, row]));
  const stateOf = (instance: string) => instanceState(byName.get(instance), nowMs);
  return {
    stateOf,
    updatedAtMs: (instance) => byName.get(instance)?.updatedAtMs,
    dead: (seen) =>
      [...new Set([...byName.keys(), ...seen])]
        .filter((instance) => stateOf(instance) === "dead")
        .sort()
        .map((instance) => ({ instance, lastRecordMs: byName.get(instance)?.updatedAtMs })),
  };
}

/** Sentences about closed instances whose records do not add up to their totals. */
export function incompleteLedgers(
  rows: readonly InstanceRow[],
  sums: ReadonlyMap<string, { events: number; unknown: number }>,
): string[] {
  return rows
    .filter(({ state, reached }) => state === "closed" && reached === undefined)
    .flatMap((row) => compareInstanceTotals(row, sums.get(row.instance) ?? { events: 0, unknown: 0 }) ?? []);
}

/** What producers that send the messages of others saw acknowledged. */
export type Relayed = {
  messages: number;
  unknown: number;
  /** Ledgers of instances that were killed: `messages` lacks what they saw acknowledged last. */
  open: number;
};

export function sumRelayed(rows: readonly InstanceRow[], nowMs: number): Relayed {
  const sum: Relayed = { messages: 0, unknown: 0, open: 0 };
  for (const row of rows) {
    if (row.reached === undefined) continue;
    sum.messages += row.events;
    sum.unknown += row.unknown;
    if (instanceState(row, nowMs) === "dead") sum.open++;
  }
  return sum;
}

/**
 * Sentences about partitions that end before what a producer saw acknowledged: below the ends every offset is accounted for,
 * but nobody can tell whether what lay beyond was stored. `ends` were asked for after `rows`. @param sinceMs append time of
 * the topic's first message: what was last heard of before was sent to an earlier topic.
 */
export function truncatedPartitions(
  rows: readonly InstanceRow[],
  ends: ReadonlyMap<number, number>,
  sinceMs: number,
): string[] {
  return rows.flatMap(({ instance, reached, updatedAtMs }) =>
    [...(reached ?? [])]
      .filter(([partition, last]) => updatedAtMs >= sinceMs && last >= (ends.get(partition) ?? 0))
      .map(
        ([partition, last]) =>
          `partition ${partition} ends at ${ends.get(partition) ?? 0}, and ${instance} saw offset ${last} acknowledged: Kafka has lost messages, or the topic was created anew`,
      ),
  );
}

/** Names of all instances that ledger or store mention. */
export function mentioned(ledger: readonly LedgerRow[], events: readonly EventsRow[]): Set<string> {
  const names = new Set(ledger.map((row) => row.instance));
  for (const row of events) if (row.producer !== "") names.add(row.producer);
  return names;
}
