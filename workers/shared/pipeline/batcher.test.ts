import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Batch, Batcher } from "./batcher.ts";

const LIMITS = { maxRows: 10, maxBytes: 1_000, maxAgeMs: 100 };

test("is due by rows, bytes or age, in that order, and not before", () => {
  const rows = new Batcher<string>(LIMITS);
  expect(rows.due(0)).toBeUndefined();
  rows.add("a", { rows: 9, bytes: 10 }, 0);
  expect(rows.due(99)).toBeUndefined();
  expect(rows.dueByAgeAtMs()).toBe(100);
  expect(rows.due(100)).toBe("age");
  rows.add("b", { rows: 1, bytes: 10 }, 50);
  expect(rows.due(50)).toBe("rows");
  const bytes = new Batcher<string>(LIMITS);
  bytes.add("a", { rows: 1, bytes: 1_000 }, 0);
  expect(bytes.due(0)).toBe("bytes");
});

test("clear forgets what waits and says how many rows that was", () => {
  const batcher = new Batcher<string>(LIMITS);
  batcher.add("a", { rows: 3, bytes: 10 }, 0);
  expect(batcher.clear()).toBe(3);
  expect(batcher).toMatchObject({ rows: 0, bytes: 0 });
  expect(batcher.take("age", 500)).toBeUndefined();
});

const sizes = fc.array(
  fc.record({ rows: fc.integer({ min: 1, max: 15 }), bytes: fc.integer({ min: 0, max: 1_500 }) }),
  {
    minLength: 1,
    maxLength: 60,
  },
);

test("property: every item comes out once, in order; a batch exceeds a limit by its last item only", () => {
  fc.assert(
    fc.property(sizes, (items) => {
      const batcher = new Batcher<number>(LIMITS);
      const batches: Batch<number>[] = [];
      items.forEach((size, i) => {
        batcher.add(i, size, i);
        while (batcher.due(i) === "rows" || batcher.due(i) === "bytes") {
          const batch = batcher.take("rows", i);
          if (batch) batches.push(batch);
        }
        expect(batcher.rows).toBeLessThan(LIMITS.maxRows);
        expect(batcher.bytes).toBeLessThan(LIMITS.maxBytes);
      });
      for (let rest = batcher.take("drain", 1e6); rest; rest = batcher.take("drain", 1e6)) batches.push(rest);
      expect(batches.flatMap((batch) => batch.items)).toEqual(items.map((_, i) => i));
      expect(batcher).toMatchObject({ rows: 0, bytes: 0 });
      for (const batch of batches) {
        const taken = batch.items.map((i) => items[i] ?? { rows: 0, bytes: 0 });
        expect(batch.rows).toBe(taken.reduce((sum, { rows }) => sum + rows, 0));
        expect(batch.bytes).toBe(taken.reduce((sum, { bytes }) => sum + bytes, 0));
        const last = taken.at(-1) ?? { rows: 0, bytes: 0 };
        expect(batch.rows - last.rows).toBeLessThan(LIMITS.maxRows);
        expect(batch.bytes - last.bytes).toBeLessThan(LIMITS.maxBytes);
      }
    }),
  );
});
