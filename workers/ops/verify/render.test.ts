import { expect, test } from "bun:test";
import type { KeyResult } from "./compare.ts";
import { renderReport } from "./render.ts";
import type { VerifyReport } from "./report.ts";
import { standingStill, sumTotals } from "./totals.ts";

const hour = Date.parse("2026-05-01T12:00:00Z");
const tally = { events: 3, checksum: 5n, money: 0n, control: 0n };
const key = (check: KeyResult["check"], minute: number): KeyResult => ({
  ...{ check, bucket: hour / 1000 + minute * 60, source: "web", eventType: "click", outcome: "different" },
  ...{ expected: tally, found: { ...tally, events: 2 }, instances: [] },
});

const report = (changes: Partial<VerifyReport>): VerifyReport => ({
  verdict: "EXACT",
  snapshotMs: hour + 600_000,
  provenUntilMs: hour + 540_000,
  hoursProvenUntilMs: hour,
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

test("keys in motion are one calm line after the verdict; with --all one by one", () => {
  const moving = [key("minute", 9), key("hour", 0)];
  const text = renderReport(report({ moving }));
  expect(text).toMatch(
    /^EXACT {2}8 keys[\s\S]*\n\nstill moving, not judged: 2 keys \(newest minute 2026-05-01 12:09\)/,
  );
  expect(text).toContain("that hour still receives events");
  expect(text).not.toMatch(/MISSING|SURPLUS|differs/);
  expect(renderReport(report({ moving }), { all: true })).toMatch(/not judged[\s\S]*web +click/);
});

test("the verdict comes first", () => {
  expect(renderReport(report({}))).toMatch(/^EXACT {2}3 events/);
  expect(renderReport(report({ verdict: "DIFFERENT", differences: [key("minute", 1)] }))).toMatch(
    /^DIFFERENT {2}1 key disagrees: see below[\s\S]*Differences: 1/,
  );
});

test("views that show less than is stored send to the doctor, anything else to the audit", () => {
  const next = (check: KeyResult["check"], expected: number, found: number) => {
    const row = { ...key(check, 1), expected: { ...tally, events: expected }, found: { ...tally, events: found } };
    const text = renderReport(report({ verdict: "DIFFERENT", differences: [row] }));
    return /next: `ops (doctor|verify --audit)/.exec(text)?.[1];
  };
  expect([next("minute", 5, 3), next("hour", 5, 0)]).toEqual(["doctor", "doctor"]);
  expect([next("minute", 3, 5), next("minute", 3, 3), next("ledger", 5, 3)]).toEqual(Array(3).fill("verify --audit"));
});

test("totals are of one cut: what moves is in none of them, so that equal sides have equal sums", () => {
  const at = (check: KeyResult["check"], minute: number, events: number, found = events): KeyResult => ({
    ...key(check, minute),
    ...{ outcome: "exact", expected: { ...tally, events }, found: { ...tally, events: found } },
  });
  // The ledger of minute 9 was read last: it agrees with its events, which the view of the same minute does not show yet.
  const moving = [at("minute", 9, 80, 44), at("hour", 0, 80, 44)];
  const results = [at("ledger", 1, 40), at("minute", 1, 40), at("ledger", 9, 80), ...moving, at("hour", -60, 7)];
  expect(sumTotals(standingStill(results, moving))).toEqual({
    ...{ produced: 40, storedOfProducers: 40, storedForeign: 0, minutesView: 40, hoursView: 7 },
  });
  expect(renderReport(report({ moving }))).toContain("totals are of minutes and hours in which nothing moved");
});

test("a conflict says DIFFERENT once and names the command that resolves it, not rewind", () => {
  const changes = { verdict: "DIFFERENT" as const, otherDifferences: ["1 event_ids are stored twice"] };
  const context = { ...report({}).context, conflictedIds: 1 };
  const text = renderReport(report({ ...changes, context }));
  expect(text.match(/DIFFERENT/g)?.length).toBe(1);
  expect(text).toMatch(/next: .*ops conflicts resolve/);
  expect(text).not.toContain("rewind");
  const both = renderReport(report({ ...changes, context, differences: [key("minute", 1)] }));
  expect(both).toMatch(/next: .*ops conflicts resolve.*ops rewind/);
});
