import type { z } from "zod";
import type { ledgerCountSchema } from "../../shared/clickhouse/tables/ledger.ts";
import { addChecksum, eventIdHash } from "../../shared/event/index.ts";
import type { LedgerFact, Outcome } from "../send/outgoing.ts";

export type LedgerCount = z.output<typeof ledgerCountSchema>;

/** Counts what one producer instance knows to be in Kafka, per event minute, source and type. Pure; see {@link createLedger}. */
export type Ledger = {
  /** Takes note of the fate of one event. Facts must be settled once each. */
  settle(fact: LedgerFact, outcome: Outcome): void;
  /** The records that changed since the last call, cumulative values. */
  takeChanges(): LedgerCount[];
  /** Sums over all keys. */
  totals(): { readonly count: number; readonly unknown: number; readonly keys: number };
};

type Entry = {
  readonly minute: number;
  readonly source: string;
  readonly eventType: string;
  count: number;
  checksum: bigint;
  unknown: number;
};

/**
 * An event_id counts once, at its first acknowledgement. Its copies follow it in the same partition and lane, so a copy
 * is settled after its original: it counts only when the acknowledgement of the original stayed unknown.
 *
 * Entries are kept for the life of the instance: a count must never start anew, and one entry is some 250 bytes, that is
 * about 8 MB for a day of all sources and types.
 */
export function createLedger(instance: string): Ledger {
  // Minute → source|type → entry: numbers and short texts as keys, no text built per event but the inner one.
  const minutes = new Map<number, Map<string, Entry>>();
  const unknownIds = new Map<string, Entry>();
  const changed = new Set<Entry>();
  let count = 0;
  let unknown = 0;
  let keys = 0;

  const entryOf = ({ minute, source, eventType }: LedgerFact): Entry => {
    let entries = minutes.get(minute);
    if (!entries) {
      entries = new Map();
      minutes.set(minute, entries);
    }
    const key = `${source}|${eventType}`;
    let entry = entries.get(key);
    if (!entry) {
      entry = { minute, source, eventType, count: 0, checksum: 0n, unknown: 0 };
      entries.set(key, entry);
      keys++;
    }
    return entry;
  };

  const add = (entry: Entry, eventId: string) => {
    entry.count++;
    entry.checksum = addChecksum(entry.checksum, eventIdHash(eventId));
    changed.add(entry);
    count++;
  };

  const settleCopy = (fact: LedgerFact, outcome: Outcome) => {
    const original = unknownIds.get(fact.eventId);
    if (outcome !== "acknowledged" || !original) return;
    unknownIds.delete(fact.eventId);
    original.unknown--;
    unknown--;
    add(original, fact.eventId);
  };

  return {
    settle(fact, outcome) {
      if (fact.resend) return settleCopy(fact, outcome);
      if (outcome === "acknowledged") return add(entryOf(fact), fact.eventId);
      if (outcome !== "unknown") return; // certainly not in the topic: promised to nobody
      const entry = entryOf(fact);
      unknownIds.set(fact.eventId, entry);
      entry.unknown++;
      unknown++;
      changed.add(entry);
    },
    takeChanges() {
      const records = Array.from(changed, (entry): LedgerCount => toRecord(instance, entry));
      changed.clear();
      return records;
    },
    totals: () => ({ count, unknown, keys }),
  };
}

function toRecord(instance: string, entry: Entry): LedgerCount {
  const { minute, source, count, unknown } = entry;
  const event_type = entry.eventType;
  return { kind: "count", instance, minute, source, event_type, count, checksum: String(entry.checksum), unknown };
}
