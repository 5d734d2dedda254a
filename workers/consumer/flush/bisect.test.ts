import { expect, test } from "bun:test";
import fc from "fast-check";
import { isolateRefusedRows } from "./bisect.ts";

/** A store that refuses every group with a bad row in it, as ClickHouse does. */
function storeRefusing(bad: ReadonlySet<number>) {
  const stored = new Set<number>();
  let calls = 0;
  return {
    stored,
    calls: () => calls,
    store: async (group: readonly number[]) => {
      calls++;
      if (group.some((row) => bad.has(row))) return { stored: false as const, reason: "bad value" };
      for (const row of group) stored.add(row);
      return { stored: true as const };
    },
  };
}

const rowsUpTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test("property: exactly the bad rows are refused and all others stored, or nothing is stored at all", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(199)), async (count, badList) => {
      const rows = rowsUpTo(count);
      const bad = new Set(badList.filter((row) => row < count));
      if (bad.size === 0) bad.add(0);
      const table = storeRefusing(bad);
      const result = await isolateRefusedRows(rows, "first", table.store, 1_000);
      const good = rows.filter((row) => !bad.has(row));
      expect([...table.stored].sort((a, b) => a - b)).toEqual(good);
      expect(result.kind).toBe(good.length === 0 ? "nothing_stored" : "isolated");
      expect(result.refused.map(({ row }) => row).sort((a, b) => a - b)).toEqual([...bad].sort((a, b) => a - b));
    }),
  );
});

test("one bad row among 20,000 costs tens of requests", async () => {
  const table = storeRefusing(new Set([12_345]));
  const result = await isolateRefusedRows(rowsUpTo(20_000), "first", table.store);
  expect(result).toEqual({ kind: "isolated", refused: [{ row: 12_345, reason: "bad value" }] });
  expect(table.calls()).toBeLessThan(40);
});

test("bad rows that lie together do not look like a broken table", async () => {
  const bad = new Set(rowsUpTo(5_000));
  const table = storeRefusing(bad);
  const result = await isolateRefusedRows(rowsUpTo(20_000), "first", table.store);
  expect(result.kind).toBe("isolated");
  expect(result.refused).toHaveLength(5_000);
});

test("bad rows that are scattered do not look like a broken table", async () => {
  const table = storeRefusing(new Set(rowsUpTo(20_000).filter((row) => row % 2 === 0)));
  const result = await isolateRefusedRows(rowsUpTo(20_000), "first", table.store);
  expect(result.kind).toBe("isolated");
  expect(result.refused).toHaveLength(10_000);
});

test("a table that refuses all gives up early and blames nobody", async () => {
  const table = storeRefusing(new Set(rowsUpTo(20_000)));
  const result = await isolateRefusedRows(rowsUpTo(20_000), "first", table.store);
  expect(result).toEqual({ kind: "nothing_stored", reason: "bad value", refused: [] });
  expect(table.calls()).toBe(128);
});

test("a single row is judged by its first refusal", async () => {
  const table = storeRefusing(new Set([0]));
  const result = await isolateRefusedRows([0], "first", table.store);
  expect(result).toEqual({ kind: "nothing_stored", reason: "first", refused: [{ row: 0, reason: "first" }] });
  expect(table.calls()).toBe(0);
});
