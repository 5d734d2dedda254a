import { expect, test } from "bun:test";
import { type FetchedRecord, sortFetched } from "./fetched-records.ts";
import { findReadable } from "./log-reader.ts";

const batch = (firstOffset: number, lastOffsetDelta: number, producerId = "-1") => ({
  firstOffset: String(firstOffset),
  lastOffsetDelta,
  producerId,
  inTransaction: producerId !== "-1",
});
const record = (offset: number, batchContext = batch(offset, 0)): FetchedRecord => ({
  key: Buffer.from("k"),
  value: Buffer.from("v"),
  timestamp: "1",
  attributes: 0,
  offset: String(offset),
  headers: {},
  batchContext,
});
const marker = (offset: number, producerId: string, type: 0 | 1): FetchedRecord => ({
  ...record(offset, batch(offset, 0, producerId)),
  key: Buffer.from([0, 0, 0, type]),
  isControlRecord: true,
});
const offsets = (messages: readonly { offset: string }[]) => messages.map(({ offset }) => Number(offset));

test("every record of a batch is a message, the last one too; what lies outside the range is none", () => {
  const records = [4, 5, 6, 7].map((offset) => record(offset, batch(4, 3)));
  expect(sortFetched(records, [], { from: 5, end: 8 })).toMatchObject({ gaps: [], next: 8 });
  expect(offsets(sortFetched(records, [], { from: 5, end: 8 }).messages)).toEqual([5, 6, 7]);
  expect(offsets(sortFetched(records, [], { from: 0, end: 6 }).messages)).toEqual([4, 5]);
});

test("markers and messages of aborted transactions are gaps of their own; others of the same time are messages", () => {
  const records = [
    record(0),
    record(1, batch(1, 0, "7")),
    record(2, batch(2, 0, "8")),
    // Not a marker, though its key looks like one.
    { ...record(3, batch(3, 0, "7")), key: Buffer.from([0, 0, 0, 0]) },
    record(4, batch(4, 0, "7")),
    marker(5, "7", 0),
    marker(6, "8", 1),
    record(7, batch(7, 0, "7")),
    marker(8, "7", 1),
  ];
  const { messages, gaps, next } = sortFetched(records, [{ producerId: "7", firstOffset: "1" }], { from: 0, end: 9 });
  expect(offsets(messages)).toEqual([0, 2, 7]);
  expect(gaps).toEqual([
    { from: 1, to: 2, kind: "transaction" },
    { from: 3, to: 7, kind: "transaction" },
    { from: 8, to: 9, kind: "transaction" },
  ]);
  expect(next).toBe(9);
});

test("what compaction removed is a gap, at the end of a batch too", () => {
  const { messages, gaps, next } = sortFetched([record(2, batch(0, 5)), record(3, batch(0, 5))], [], {
    from: 0,
    end: 9,
  });
  expect(offsets(messages)).toEqual([2, 3]);
  expect(gaps).toEqual([
    { from: 0, to: 2, kind: "compacted" },
    { from: 4, to: 6, kind: "compacted" },
  ]);
  expect(next).toBe(6);
});

test("an unreadable batch is passed over exactly, wherever it ends", async () => {
  for (const [from, good, end] of [
    [0, 1, 10],
    [3, 1_000, 5_000],
    [3, 5_000, 5_000],
    [0, 7, 8],
  ] as const) {
    expect(await findReadable({ from, end }, async (offset) => (offset >= good ? true : undefined))).toBe(good);
  }
});
