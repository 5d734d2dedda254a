import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { eventIdHash } from "../../shared/event/index.ts";
import {
  addTally,
  compareHours,
  compareInstanceTotals,
  compareLedger,
  compareMinutes,
  type EventsRow,
  type InstanceState,
  type LedgerRow,
  type ViewRow,
} from "./compare.ts";

type StoredEvent = {
  id: string;
  minute: number;
  source: string;
  type: string;
  producer: string;
  money: bigint;
  control: bigint;
};

const event = fc.record({
  id: fc.uuid(),
  minute: fc.integer({ min: 0, max: 200 }).map((n) => 1_750_000_020 - (1_750_000_020 % 60) + n * 60),
  source: fc.constantFrom("web", "lottery"),
  type: fc.constantFrom("click", "login"),
  producer: fc.constantFrom("", "p1", "p2"),
  money: fc.bigInt({ min: 0n, max: 10_000n }),
  control: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});
const someEvents = fc.uniqueArray(event, { selector: (e) => e.id, minLength: 1, maxLength: 60 });

function groupEvents(events: readonly StoredEvent[]): EventsRow[] {
  const rows = new Map<string, EventsRow>();
  for (const { id, minute, source, type, producer, money, control } of events) {
    const name = [minute, source, type, producer].join("|");
    const row = rows.get(name) ?? {
      bucket: minute,
      source,
      eventType: type,
      producer,
      events: 0,
      checksum: 0n,
      money: 0n,
      control: 0n,
    };
    rows.set(name, { ...row, ...addTally(row, { events: 1, checksum: eventIdHash(id), money, control }) });
  }
  return [...rows.values()];
}

const toLedger = (rows: readonly EventsRow[]): LedgerRow[] =>
  rows.filter((row) => row.producer !== "").map((row) => ({ ...row, instance: row.producer, unknown: 0 }));

/** What a correct view shows, by minute or by hour. */
function toView(events: readonly StoredEvent[], bucketS: number): ViewRow[] {
  return groupEvents(events.map((e) => ({ ...e, minute: e.minute - (e.minute % bucketS), producer: "" })));
}

const closed = (): InstanceState => "closed";
const outcomes = (results: { outcome: string }[]) => new Set(results.map((result) => result.outcome));

describe("compare", () => {
  test("agrees for any events when all sides have them", () => {
    fc.assert(
      fc.property(someEvents, (events) => {
        const rows = groupEvents(events);
        const results = [
          ...compareLedger(toLedger(rows), rows, closed),
          ...compareMinutes(rows, toView(events, 60)),
          ...compareHours(rows, toView(events, 3600)),
        ];
        expect(outcomes(results)).toEqual(new Set(["exact"]));
      }),
    );
  });

  test("finds any single corruption: an event lost, added, replaced, moved, retyped or with other money", () => {
    const corruption = fc.constantFrom("lose", "add", "replace", "move", "retype", "money", "control");
    fc.assert(
      fc.property(someEvents, fc.nat(), corruption, fc.uuid(), (events, at, kind, id) => {
        const index = at % events.length;
        const victim = events[index];
        fc.pre(victim !== undefined && !events.some((e) => e.id === id));
        if (victim === undefined) return;
        const others = events.filter((_, i) => i !== index);
        const spoiled = {
          lose: others,
          add: [...events, { ...victim, id }],
          replace: [...others, { ...victim, id }],
          move: [...others, { ...victim, minute: victim.minute + 60 }],
          retype: [...others, { ...victim, type: victim.type === "click" ? "login" : "click" }],
          money: [...others, { ...victim, money: victim.money + 1n }],
          control: [...others, { ...victim, control: victim.control ^ 1n }],
        }[kind];
        const right = groupEvents(events);
        const wrong = groupEvents(spoiled);
        // Whichever side is spoiled, its comparison tells.
        expect(outcomes(compareMinutes(wrong, toView(events, 60)))).toContain("different");
        expect(outcomes(compareMinutes(right, toView(spoiled, 60)))).toContain("different");
        const sameHour =
          kind === "move" && Math.floor(victim.minute / 3600) === Math.floor((victim.minute + 60) / 3600);
        if (!sameHour) expect(outcomes(compareHours(right, toView(spoiled, 3600)))).toContain("different");
        if (victim.producer !== "" && kind !== "money" && kind !== "control") {
          expect(outcomes(compareLedger(toLedger(right), wrong, closed))).toContain("different");
        }
      }),
    );
  });

  test("explains only a surplus, and only of killed instances or unknown sends", () => {
    const row = { bucket: 60, source: "web", eventType: "click" };
    const ledger = (unknown: number): LedgerRow[] => [{ ...row, instance: "p", events: 2, checksum: 5n, unknown }];
    const stored = (events: number): EventsRow[] => [
      { ...row, producer: "p", events, checksum: 9n, money: 0n, control: 0n },
    ];
    const judge = (found: number, unknown: number, state: InstanceState) =>
      compareLedger(ledger(unknown), stored(found), () => state)[0]?.outcome;
    expect(judge(3, 0, "dead")).toBe("unledgered");
    expect(judge(3, 0, "audited")).toBe("audited");
    expect(judge(3, 1, "closed")).toBe("unknown_sends");
    expect(judge(4, 1, "closed")).toBe("different");
    expect(judge(3, 0, "live")).toBe("different");
    // Missing or replaced events have no excuse.
    for (const state of ["dead", "audited", "closed", "live"] as const) {
      expect(judge(1, 5, state)).toBe("different");
      expect(judge(2, 5, state)).toBe("different");
    }
  });

  test("sees that a closed ledger lacks records", () => {
    const stated = { instance: "p", events: 5, unknown: 0 };
    expect(compareInstanceTotals(stated, { events: 5, unknown: 0 })).toBeUndefined();
    expect(compareInstanceTotals(stated, { events: 4, unknown: 0 })).toContain("incomplete");
  });
});
