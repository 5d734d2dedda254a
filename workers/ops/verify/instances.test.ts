import { expect, test } from "bun:test";
import { indexInstances, sumRelayed, truncatedPartitions } from "./instances.ts";
import type { InstanceRow } from "./queries.ts";

const NOW = Date.UTC(2026, 4, 1, 12);
const row = (fields: Partial<InstanceRow>): InstanceRow => ({
  instance: "ingest-1",
  state: "closed",
  startedAtMs: NOW - 60_000,
  updatedAtMs: NOW - 30_000,
  events: 10,
  unknown: 0,
  reached: new Map([[2, 99]]),
  ...fields,
});

test("a partition that ends before what was acknowledged is named; one of an earlier topic is not", () => {
  const lines = (end: number, sinceMs = NOW - 3_600_000) =>
    truncatedPartitions([row({})], new Map([[2, end]]), sinceMs);
  expect(lines(100)).toEqual([]);
  expect(lines(99)).toEqual([
    expect.stringMatching(/^partition 2 ends at 99, and ingest-1 saw offset 99 acknowledged/),
  ]);
  expect(truncatedPartitions([row({})], new Map(), 0)).toHaveLength(1);
  expect(lines(5, NOW)).toEqual([]);
  expect(truncatedPartitions([row({ reached: undefined })], new Map(), 0)).toEqual([]);
});

test("messages add up over ledgers of messages; a killed one is told, and does not stand in the way of a proof", () => {
  const rows = [
    row({}),
    row({ instance: "file-1", state: "open", events: 7, unknown: 2 }),
    row({ instance: "live", state: "open", events: 5, updatedAtMs: NOW - 1_000 }),
    row({ instance: "simulator", events: 1_000, reached: undefined }),
  ];
  expect(sumRelayed(rows, NOW)).toEqual({ messages: 22, unknown: 2, open: 1 });
  expect(indexInstances(rows, NOW).dead([])).toEqual([]);
});
