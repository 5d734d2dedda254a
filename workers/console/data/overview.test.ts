import { expect, test } from "bun:test";
import { duration, judge, type Overview } from "./overview.ts";
import type { RunRow } from "./verification.ts";

const NOW = Date.UTC(2026, 4, 1, 12);
const limits = { freshnessWarn: 30, freshnessBad: 60, proofStale: 900 };
const run: RunRow = {
  runId: "00000000-0000-4000-8000-000000000001",
  runAtMs: NOW - 60_000,
  kind: "verify",
  verdict: "exact",
  provenUntilMs: NOW - 120_000,
  hoursProvenUntilMs: undefined,
  durationMs: 100,
  checkedEvents: 10,
  missing: 0,
  surplus: 0,
  conflicts: 0,
};

function parts(change: Partial<Overview> & { ageMs?: number }): Omit<Overview, "level" | "findings"> {
  const { ageMs = 1_000, ...rest } = change;
  return {
    nowMs: NOW,
    freshness: { newestEventMs: NOW - ageMs, ageMs, latencyMs: undefined, recentEvents: 1, recentLate: 0 },
    lag: { messages: 0, atMs: NOW },
    runs: [run],
    lastProvenMs: run.provenUntilMs,
    proof: { provenUntilMs: NOW - 5_000, shownUntilMs: NOW - 60_000, different: 0, unproven: 0 },
    backlog: { deadLettersHour: 0, deadLettersOpen: 0, firingAlerts: 0, firingCritical: 0 },
    ...rest,
  };
}
const level = (change: Parameters<typeof parts>[0]) => judge(parts(change), limits).level;

test("a healthy pipeline has no findings", () => {
  expect(judge(parts({}), limits)).toEqual({ level: "ok", findings: [] });
});

test("an empty store is idle", () => {
  const freshness = {
    newestEventMs: undefined,
    ageMs: undefined,
    latencyMs: undefined,
    recentEvents: 0,
    recentLate: 0,
  };
  expect(judge(parts({ freshness, runs: [] }), limits)).toEqual({ level: "idle", findings: [] });
});

test("freshness turns to warn and bad at its limits", () => {
  expect(level({ ageMs: 29_999 })).toBe("ok");
  expect(level({ ageMs: 30_000 })).toBe("warn");
  expect(level({ ageMs: 59_999 })).toBe("warn");
  expect(level({ ageMs: 60_000 })).toBe("bad");
});

test("messages that wait while nothing arrives are bad before the store looks stale, one that just came is not", () => {
  const lag = { messages: 1_234, atMs: NOW, stillMs: 4_000 };
  expect(level({ ageMs: 30_000, lag: { messages: 1, atMs: NOW } })).toBe("warn");
  expect(level({ ageMs: 29_999, lag })).toBe("ok");
  expect(judge(parts({ ageMs: 30_000, lag }), limits).findings[0]).toMatchObject({
    level: "bad",
    text: "No new event for 30 s, though 1,234 messages wait: the consumers do not work",
  });
});

test("lag that grows while nothing is consumed is a warning, long before the store looks stale", () => {
  const lag = { messages: 1_234, atMs: NOW, stuckMs: 4_000 };
  expect(judge(parts({ lag }), limits)).toMatchObject({
    level: "warn",
    findings: [{ text: "Nothing was consumed for 4 s while messages arrive: 1,234 wait" }],
  });
});

test("proofs: differences are bad, no proof and an old one are warnings, an old audit is neither", () => {
  expect(level({ runs: [{ ...run, verdict: "different", missing: 1 }] })).toBe("bad");
  expect(level({ runs: [{ ...run, verdict: "not_proven" }] })).toBe("warn");
  expect(level({ runs: [{ ...run, runAtMs: NOW - 901_000 }] })).toBe("warn");
  expect(level({ runs: [{ ...run, kind: "audit", runAtMs: NOW - 90_000_000 }] })).toBe("ok");
});

test("the continuous audit: a difference is bad, messages of minutes without a proof are a warning", () => {
  const proof = { provenUntilMs: NOW - 300_000, shownUntilMs: undefined, different: 0, unproven: 0 };
  expect(level({ proof })).toBe("ok");
  expect(judge(parts({ proof: { ...proof, provenUntilMs: NOW - 400_000 } }), limits)).toMatchObject({
    level: "warn",
    findings: [{ text: "The messages of the last 6 min are not proven yet" }],
  });
  expect(level({ proof: { ...proof, provenUntilMs: undefined } })).toBe("warn");
  expect(level({ proof: { ...proof, different: 1 } })).toBe("bad");
  expect(level({ proof: undefined })).toBe("ok");
});

test("alerts and Kafka; the worst comes first", () => {
  const backlog = { deadLettersHour: 0, deadLettersOpen: 0, firingAlerts: 2, firingCritical: 1 };
  expect(level({ lag: { error: "KAFKA_CONNECTION_ERROR", atMs: NOW } })).toBe("warn");
  expect(level({ backlog: { ...backlog, firingCritical: 0 } })).toBe("warn");
  const found = judge(parts({ backlog, lag: { error: "KAFKA_CONNECTION_ERROR", atMs: NOW } }), limits).findings;
  expect(found.map((finding) => finding.level)).toEqual(["bad", "warn"]);
  expect(found[0]?.text).toBe("2 alerts are firing");
});

test("durations are told in the unit that suits them", () => {
  expect([5_000, 119_999, 120_000, 7_200_000, 200_000_000].map(duration)).toEqual([
    "5 s",
    "119 s",
    "2 min",
    "2 h",
    "2 d",
  ]);
});
