import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ledgerRecordSchema } from "../../shared/clickhouse/tables/ledger.ts";
import { addChecksum, eventIdHash } from "../../shared/event/index.ts";
import type { LedgerFact, Outcome } from "../send/outgoing.ts";
import { createLedger, type LedgerCount } from "./ledger.ts";

const event = fc.record({
  eventId: fc.uuid(),
  minute: fc.integer({ min: 0, max: 5 }).map((n) => n * 60),
  source: fc.constantFrom("web", "lottery"),
  eventType: fc.constantFrom("click", "login"),
});
const outcome = fc.constantFrom<Outcome>("acknowledged", "unknown", "unsent", "refused");
/** An event, its fate, and the fates of the copies sent after it. */
const story = fc.record({ event, outcome, copies: fc.array(outcome, { maxLength: 3 }) });
const stories = fc.uniqueArray(story, { selector: (one) => one.event.eventId, maxLength: 60 });

const keyOf = ({ minute, source, eventType }: Omit<LedgerFact, "resend">) => `${minute}|${source}|${eventType}`;

/** The newest record of each key, as a compacted topic keeps them. */
function merge(into: Map<string, LedgerCount>, changes: readonly LedgerCount[]): void {
  for (const record of changes) into.set(`${record.minute}|${record.source}|${record.event_type}`, record);
}

describe("ledger", () => {
  test("published records add up to the distinct acknowledged ids, whenever they are published", () => {
    fc.assert(
      fc.property(stories, fc.array(fc.nat(5)), (all, pauses) => {
        const ledger = createLedger("i");
        const published = new Map<string, LedgerCount>();
        all.forEach(({ event: fact, outcome: fate, copies }, index) => {
          ledger.settle({ ...fact, resend: false }, fate);
          for (const copy of copies) ledger.settle({ ...fact, resend: true }, copy);
          if (pauses[index] === 0) merge(published, ledger.takeChanges());
        });
        merge(published, ledger.takeChanges());

        const expected = new Map<string, { count: number; checksum: bigint; unknown: number }>();
        for (const { event: fact, outcome: fate, copies } of all) {
          const acknowledged = fate === "acknowledged" || (fate === "unknown" && copies.includes("acknowledged"));
          if (!acknowledged && fate !== "unknown") continue;
          const group = expected.get(keyOf(fact)) ?? { count: 0, checksum: 0n, unknown: 0 };
          if (acknowledged) group.count++;
          else group.unknown++;
          if (acknowledged) group.checksum = addChecksum(group.checksum, eventIdHash(fact.eventId));
          expected.set(keyOf(fact), group);
        }
        const actual = new Map(
          [...published].map(([key, { count, checksum, unknown }]) => [
            key,
            { count, checksum: BigInt(checksum), unknown },
          ]),
        );
        expect(actual).toEqual(expected);
        const sum = (pick: (record: LedgerCount) => number) => [...published.values()].reduce((n, r) => n + pick(r), 0);
        expect(ledger.totals()).toEqual({
          count: sum((r) => r.count),
          unknown: sum((r) => r.unknown),
          keys: expected.size,
        });
      }),
    );
  });

  test("only what changed is published again, and every record fits the schema", () => {
    const ledger = createLedger("i");
    const fact = { eventId: crypto.randomUUID(), minute: 60, source: "web", eventType: "click", resend: false };
    ledger.settle(fact, "acknowledged");
    ledger.settle({ ...fact, eventId: crypto.randomUUID(), minute: 120 }, "acknowledged");
    const first = ledger.takeChanges();
    expect(first.map(({ minute }) => minute)).toEqual([60, 120]);
    for (const record of first) expect(ledgerRecordSchema.parse(record)).toEqual(record);
    expect(ledger.takeChanges()).toEqual([]);
    ledger.settle({ ...fact, resend: true }, "acknowledged");
    expect(ledger.takeChanges()).toEqual([]);
    ledger.settle({ ...fact, eventId: crypto.randomUUID() }, "acknowledged");
    expect(ledger.takeChanges()).toMatchObject([{ minute: 60, count: 2 }]);
  });
});
