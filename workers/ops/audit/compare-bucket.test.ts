import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareBucket } from "./compare-bucket.ts";
import type { Defect } from "./defect.ts";
import type { Reach } from "./reach.ts";
import { groupHash, RECORD_BYTES, type RecordFields, readId, SIDE, writeRecord } from "./record.ts";

const EUR = Bun.hash.xxHash64("EUR");

const record = fc.record({
  id: fc.uuid(),
  timeMs: fc.integer({ min: 0, max: 600_000 }).map((ms) => 1_777_000_000_000 + ms),
  key: fc.constantFrom(groupHash("web", "click"), groupHash("lottery", "login")),
  amountE4: fc.bigInt({ min: 0n, max: 1_000_000n }),
  currency: fc.constant(EUR),
  identity: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  partition: fc.integer({ min: 0, max: 5 }),
  offset: fc.integer({ min: 0, max: 1_000_000 }),
  appendMs: fc.integer({ min: 0, max: 1_000 }).map((ms) => 1_777_000_700_000 + ms),
  content: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});
const records = fc.uniqueArray(record, { selector: (r) => r.id, minLength: 1, maxLength: 60 });

function bucketOf(topic: readonly RecordFields[], store: readonly RecordFields[]): DataView {
  const view = new DataView(new ArrayBuffer((topic.length + store.length) * RECORD_BYTES));
  topic.forEach((fields, i) => void writeRecord(view, i * RECORD_BYTES, SIDE.topic, fields));
  store.forEach((fields, i) => void writeRecord(view, (topic.length + i) * RECORD_BYTES, SIDE.store, fields));
  return view;
}

function compare(
  topic: readonly RecordFields[],
  store: readonly RecordFields[],
  reach: Reach = "read",
  dropped: readonly RecordFields[] = [],
) {
  const defects: Defect[] = [];
  const money = { topic: 0n, store: 0n };
  const totals = compareBucket(bucketOf(topic, store), {
    reach: () => reach,
    isExcused: () => false,
    horizonMs: 0,
    isResolved: (id, minute, key) =>
      dropped.some((row) => row.id === id && Math.floor(row.timeMs / 60_000) * 60 === minute && row.key === key),
    onDefect: (defect) => void defects.push(defect),
    onMoney: (side, _, amount) => {
      money[side] += amount;
    },
  });
  return { totals, money, kinds: defects.map((defect) => `${defect.kind} ${defect.eventId}`) };
}

describe("comparing a bucket", () => {
  test("finds nothing when the store has the earliest copy of everything, in any order, with any duplicates", () => {
    fc.assert(
      fc.property(records, fc.array(fc.nat(), { maxLength: 20 }), (events, copied) => {
        const copies = copied.flatMap((at) => {
          const event = events[at % events.length];
          return event === undefined ? [] : [{ ...event, offset: event.offset + 1 + at, identity: 1n, amountE4: 1n }];
        });
        const { totals, money, kinds } = compare([...copies, ...events].reverse(), events);
        expect(kinds).toEqual([]);
        expect(totals).toMatchObject({ events: events.length, duplicates: copies.length, stored: events.length });
        expect(money.topic).toBe(money.store);
      }),
    );
  });

  test("names any single corruption", () => {
    const corruption = fc.constantFrom(
      "missing",
      "surplus",
      "misplaced",
      "wrong_copy",
      "money",
      "time",
      "identity",
      "content",
    );
    fc.assert(
      fc.property(records, fc.nat(), corruption, fc.uuid(), (events, at, kind, newId) => {
        const index = at % events.length;
        const victim = events[index];
        fc.pre(victim !== undefined && !events.some((event) => event.id === newId));
        if (victim === undefined) return;
        const others = events.filter((_, i) => i !== index);
        const store = {
          missing: others,
          surplus: [...events, { ...victim, id: newId }],
          misplaced: [...others, { ...victim, timeMs: victim.timeMs + 60_000 }],
          wrong_copy: [...others, { ...victim, offset: victim.offset + 1 }],
          money: [...others, { ...victim, amountE4: victim.amountE4 + 1n }],
          time: [
            ...others,
            { ...victim, timeMs: Math.floor(victim.timeMs / 60_000) * 60_000 + ((victim.timeMs + 1) % 60_000) },
          ],
          identity: [...others, { ...victim, identity: victim.identity ^ 1n }],
          content: [...others, { ...victim, content: victim.content ^ 1n }],
        }[kind];
        expect(compare(events, store).kinds).toEqual([`${kind} ${kind === "surplus" ? newId : victim.id}`]);
      }),
    );
  });

  test("names every row of a conflict until one is dropped on record", () => {
    fc.assert(
      fc.property(record, (event) => {
        const later = { ...event, timeMs: event.timeMs + 120_000, appendMs: event.appendMs + 5 };
        expect(compare([later, event], [event, later]).kinds).toEqual([`conflict ${event.id}`, `conflict ${event.id}`]);
        // Only what was dropped on purpose may be missing, whichever is the earliest.
        expect(compare([later, event], [event]).kinds).toEqual([`missing ${event.id}`]);
        expect(compare([later, event], [event], "read", [event]).kinds).toEqual([`missing ${event.id}`]);
        const resolved = compare([later, event], [event], "read", [later]);
        expect(resolved.kinds).toEqual([]);
        expect(resolved.totals.resolvedConflicts).toBe(1);
        expect(compare([later, event], [later]).kinds).toEqual([`missing ${event.id}`]);
      }),
    );
  });

  test("does not judge rows whose message is gone or newer, but counts them", () => {
    fc.assert(
      fc.property(record, (event) => {
        expect(compare([], [event], "gone")).toMatchObject({ kinds: [], totals: { gone: 1 } });
        expect(compare([], [event], "newer")).toMatchObject({ kinds: [], totals: { newer: 1 } });
        expect(compare([], [event], "impossible").kinds).toEqual([`surplus ${event.id}`]);
        const earlier = { ...event, appendMs: event.appendMs - 1 };
        expect(compare([event], [earlier], "gone").kinds).toEqual([]);
        expect(compare([event], [earlier], "read").kinds).toEqual([`wrong_copy ${event.id}`]);
      }),
    );
  });

  test("ids survive the record", () => {
    fc.assert(
      fc.property(record, (event) => {
        expect(readId(bucketOf([event], []), 0)).toBe(event.id);
      }),
    );
  });
});
