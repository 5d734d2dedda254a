import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { forEachFixedRow } from "./fixed-rows.ts";
import { describeProgress } from "./progress.ts";
import { createReach } from "./reach.ts";
import { RECORD_BYTES, readId, SIDE, writeRecord } from "./record.ts";
import { bucketsFor, createSpill } from "./spill.ts";

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

test("rows are cut alike however the stream is chunked", async () => {
  const property = fc.asyncProperty(
    fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }),
    fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
    async (values, sizes) => {
      const bytes = new Uint8Array(values.flatMap((value) => [value, value, value, value]));
      const stream = async function* () {
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          yield bytes.slice(at, at + size);
          at += size;
        }
      };
      const seen: number[] = [];
      const rows = await forEachFixedRow(stream(), 4, (view, at) => void seen.push(view.getUint32(at, true)));
      expect(seen).toEqual(values.map((value) => value * 0x01010101));
      expect(rows).toBe(values.length);
    },
  );
  await fc.assert(property);
});

test("an answer that ends within a row is an error", async () => {
  const stream = async function* () {
    yield new Uint8Array(7);
  };
  await expect(forEachFixedRow(stream(), 4, () => undefined)).rejects.toMatchObject({ code: "CLICKHOUSE_STREAM_CUT" });
});

test("every record comes back from its id's bucket, and nothing is left on disk", () => {
  const dir = mkdtempSync(join(tmpdir(), "spill-test-"));
  dirs.push(dir);
  const spill = createSpill(16, dir);
  const view = new DataView(new ArrayBuffer(RECORD_BYTES));
  const ids = Array.from({ length: 20_000 }, () => crypto.randomUUID());
  const fields = {
    timeMs: 0,
    key: 0n,
    amountE4: 0n,
    currency: 0n,
    identity: 0n,
    partition: 0,
    offset: 0,
    appendMs: 0,
    content: 0n,
  };
  for (const side of [SIDE.topic, SIDE.store]) {
    for (const id of ids) {
      writeRecord(view, 0, side, { ...fields, id });
      spill.add(view, 0);
    }
  }
  const found = new Map<string, number[]>();
  for (let bucket = 0; bucket < spill.buckets; bucket++) {
    const records = spill.read(bucket);
    for (let at = 0; at < records.byteLength; at += RECORD_BYTES) {
      const id = readId(records, at);
      found.set(id, [...(found.get(id) ?? []), bucket]);
    }
  }
  expect(found.size).toBe(ids.length);
  for (const buckets of found.values()) expect([buckets.length, new Set(buckets).size]).toEqual([2, 1]);
  spill.remove();
  expect(readdirSync(dir)).toEqual([]);
  expect(existsSync(dir)).toBe(true);
});

test("buckets stay small whatever the number of records", () => {
  expect(bucketsFor(0)).toBe(16);
  const records = 20_000_000;
  expect((records * RECORD_BYTES) / bucketsFor(records)).toBeLessThanOrEqual(16 * 1024 * 1024);
});

test("positions are read, gone, newer or impossible", () => {
  const reach = createReach({
    ranges: [{ partition: 0, from: 10, end: 20 }],
    endsAfter: new Map([[0, 25]]),
    firstAppendMs: 1_000,
  });
  expect(reach(0, 10, 1_000)).toBe("read");
  expect(reach(0, 9, 1_000)).toBe("gone");
  expect(reach(0, 15, 999)).toBe("gone");
  expect(reach(0, 20, 2_000)).toBe("newer");
  expect(reach(0, 25, 2_000)).toBe("impossible");
  expect(reach(7, 15, 2_000)).toBe("impossible");
});

test("progress has share, rate and time left", () => {
  expect(describeProgress(1_000, 4_000, 2_000)).toBe("1,000 of 4,000 (25 %), 500/s, 6 s left");
  expect(describeProgress(1_000, 0, 2_000)).toBe("1,000, 500/s");
});
