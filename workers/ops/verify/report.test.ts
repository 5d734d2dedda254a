import { expect, test } from "bun:test";
import type { KeyResult } from "./compare.ts";
import { exitCodeOf, judge, provenUntil, type Unproven } from "./report.ts";

const snapshotMs = Date.parse("2026-05-01T12:00:00Z");
const tally = { events: 3, checksum: 5n, money: 0n, control: 0n };
const key: KeyResult = {
  ...{ check: "minute", bucket: snapshotMs / 1000 - 600, source: "web", eventType: "click", outcome: "different" },
  ...{ expected: tally, found: tally, instances: [] },
};
const found = (changes: Partial<Unproven> = {}): Unproven => ({
  snapshotMs,
  totals: { produced: 3, storedOfProducers: 3, storedForeign: 0, minutesView: 3, hoursView: 3 },
  relayed: { messages: 0, unknown: 0, open: 0 },
  truncated: [],
  checked: { keys: 10, minutes: 9, hours: 1, days: 1 },
  context: { received: 3, duplicates: 0, redelivered: 0, conflicts: [], conflictedIds: 0, deadLetters: [] },
  ...{ partitions: [], differences: [], otherDifferences: [], unproven: [], moving: [], unsettled: [] },
  ...{
    deadInstances: [],
    hidden: [],
    behind: [],
    rawFromMs: undefined,
    beyondRetention: false,
    stale: undefined,
    rows: [],
  },
  ...changes,
});
const behind = [{ group: "g", topic: "t", partition: 0, committed: 5, end: 6 }];
const stale = { minutes: 2, firstMs: snapshotMs - 90 * 86_400_000 };

test("only what was looked at and agrees is EXACT", () => {
  const verdicts = (changes: Partial<Unproven>) => {
    const verdict = judge(found(changes));
    return [verdict, exitCodeOf(verdict)];
  };
  expect(verdicts({})).toEqual(["EXACT", 0]);
  expect(verdicts({ moving: [key] })).toEqual(["EXACT", 0]);
  for (const different of [{ differences: [key] }, { otherDifferences: ["offsets"] }]) {
    expect(verdicts({ ...different, behind, stale })).toEqual(["DIFFERENT", 1]);
  }
  for (const open of [
    { unproven: [key] },
    { unsettled: [key] },
    { behind },
    { deadInstances: [{ instance: "p", lastRecordMs: undefined }] },
    { stale },
    { truncated: ["partition 0 ends at 5, and x saw offset 9 acknowledged"] },
    { moving: [key], checked: { keys: 1, minutes: 1, hours: 0, days: 1 } },
  ]) {
    expect(verdicts(open)).toEqual(["NOT PROVEN", 3]);
  }
});

test("what is proven ends before the first minute that is not", () => {
  expect(provenUntil(found(), "minutes")).toBe(snapshotMs);
  expect(provenUntil(found({ unsettled: [key] }), "minutes")).toBe(key.bucket * 1000);
  expect(provenUntil(found({ unsettled: [key] }), "hours")).toBe(snapshotMs);
  expect(provenUntil(found({ stale }), "minutes")).toBe(stale.firstMs);
  expect(provenUntil(found({ behind }), "minutes")).toBeUndefined();
});
