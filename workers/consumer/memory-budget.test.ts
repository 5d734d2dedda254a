import { expect, test } from "bun:test";
import { memoryBudget } from "./memory-budget.ts";

const MIB = 1_048_576;

test("buffers, inserts and fetches follow from the memory", () => {
  expect(memoryBudget({ MEMORY_MB: 400 })).toEqual({
    maxBufferedBytes: 224 * MIB,
    maxBatchBytes: 112 * MIB,
    maxRows: 160_000,
    fetchBytes: 6 * MIB,
    fetchBytesPerPartition: MIB,
    collectAboveBytes: 304 * MIB,
  });
  const small = memoryBudget({ MEMORY_MB: 224 });
  expect(small).toMatchObject({ maxBufferedBytes: 48 * MIB, fetchBytes: 3 * MIB, collectAboveBytes: 128 * MIB });
  expect(small.maxRows).toBeGreaterThan(39_000);
  expect(small.maxRows).toBeLessThan(41_000);
});

test("more memory never makes anything smaller, and two batches fit into the buffer", () => {
  let last = memoryBudget({ MEMORY_MB: 200 });
  for (let mb = 201; mb < 3_000; mb++) {
    const budget = memoryBudget({ MEMORY_MB: mb });
    for (const key of Object.keys(budget) as (keyof typeof budget)[]) {
      expect(budget[key]).toBeGreaterThanOrEqual(last[key]);
      expect(Number.isInteger(budget[key])).toBe(true);
    }
    expect(2 * budget.maxBatchBytes).toBeLessThanOrEqual(budget.maxBufferedBytes);
    expect(budget.maxBufferedBytes).toBeLessThan(mb * MIB);
    last = budget;
  }
});

test("what is set by itself wins, and what follows from it follows", () => {
  const budget = memoryBudget({ MEMORY_MB: 400, MAX_BUFFERED_BYTES: MIB });
  expect(budget).toMatchObject({ maxBufferedBytes: MIB, maxBatchBytes: MIB / 2, maxRows: 838, fetchBytes: MIB });
  expect(memoryBudget({ MEMORY_MB: 400, BATCH_MAX_ROWS: 5, BATCH_MAX_BYTES: 7 })).toMatchObject({
    maxRows: 5,
    maxBatchBytes: 7,
    maxBufferedBytes: 224 * MIB,
  });
  // A buffer larger than the memory: garbage is collected above it, not all the time.
  expect(memoryBudget({ MEMORY_MB: 200, MAX_BUFFERED_BYTES: 1_000 * MIB }).collectAboveBytes).toBe(1_080 * MIB);
});
