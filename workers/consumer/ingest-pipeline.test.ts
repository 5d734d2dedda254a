import { expect, test } from "bun:test";
import fc from "fast-check";
import type { KafkaRecord, RecordRun } from "../shared/kafka/group-types.ts";
import { type Batch, type FlushOccasion, IngestPipeline } from "./ingest-pipeline.ts";

/** Holds the numbers of its runs; a message takes 10 bytes. */
class TestBatch implements Batch {
  runs: number[] = [];
  rows = 0;
  get bytes() {
    return this.rows * 10;
  }
  add({ records, ticket }: RecordRun) {
    this.runs.push(ticket.first);
    this.rows += records.length;
  }
  reset() {
    this.runs = [];
    this.rows = 0;
  }
}

const record: KafkaRecord = { offset: 0, appendTimeMs: 0, key: null, value: null, headers: {} };

function runOf(number: number, rows: number): RecordRun {
  const ticket = { partition: 0, first: number, last: number, heldBytes: 0, isCurrent: () => true };
  return {
    records: Array.from({ length: rows }, () => record),
    bytes: rows,
    ticket: { ...ticket, complete: () => undefined, read: async () => [] },
  };
}

const LIMITS = {
  maxRows: 10,
  maxBytes: 1_000,
  minAgeMs: 1e9,
  maxAgeMs: 1e9,
  bulkAgeMs: 0,
  maxBufferedBytes: 1e9,
  maxFlushes: 1,
  maxParallelBytes: 60,
};

/** A pipeline whose flushes end when the test says so. */
function setup(limits: Partial<typeof LIMITS> = {}, lag = () => 0) {
  const flushed: { runs: number[]; rows: number; occasion: FlushOccasion }[] = [];
  const ends: (() => void)[] = [];
  let discarded = 0;
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const pipeline = new IngestPipeline<TestBatch>(
    { ...LIMITS, ...limits },
    {
      clock,
      lag,
      createBatch: () => new TestBatch(),
      flush: (batch, occasion) => {
        flushed.push({ runs: batch.runs, rows: batch.rows, occasion });
        return new Promise((resolve) => ends.push(resolve));
      },
      onDiscard: (rows) => {
        discarded += rows;
      },
    },
  );
  const endOne = async () => {
    ends.shift()?.();
    await Bun.sleep(0);
  };
  return { pipeline, flushed, ends, endOne, clock, discarded: () => discarded };
}

test("a batch is flushed when it has its rows or bytes, while the next one is filled", async () => {
  const { pipeline, flushed, endOne } = setup({ maxBytes: 115 });
  pipeline.accept(runOf(0, 9));
  expect(flushed).toHaveLength(0);
  pipeline.accept(runOf(1, 1));
  expect(flushed).toMatchObject([{ runs: [0, 1], occasion: { trigger: "rows" } }]);
  pipeline.accept(runOf(2, 12));
  expect(flushed).toHaveLength(1);
  await endOne();
  expect(flushed[1]).toMatchObject({ runs: [2], rows: 12, occasion: { trigger: "bytes" } });
});

test("small batches do not wait for each other, large ones do", async () => {
  const { pipeline, flushed, endOne, clock } = setup({ maxFlushes: 2, minAgeMs: 5, maxAgeMs: 5 });
  const age = async () => {
    clock.nowMs += 5;
    await Bun.sleep(20);
  };
  pipeline.accept(runOf(0, 2));
  await age();
  pipeline.accept(runOf(1, 3));
  await age();
  expect(flushed.map(({ runs }) => runs)).toEqual([[0], [1]]);
  await endOne();
  await endOne();
  pipeline.accept(runOf(2, 2));
  await age();
  pipeline.accept(runOf(3, 5));
  await age();
  expect(flushed).toHaveLength(3);
  await endOne();
  expect(flushed.map(({ runs }) => runs)).toEqual([[0], [1], [2], [3]]);
});

test("there is no room while a run waits because all batches are full", async () => {
  const { pipeline, endOne } = setup();
  pipeline.accept(runOf(0, 10));
  pipeline.accept(runOf(1, 10));
  expect(pipeline.hasRoom()).toBe(true);
  pipeline.accept(runOf(2, 10));
  expect(pipeline.hasRoom()).toBe(false);
  const room = pipeline.whenRoom();
  await endOne();
  await room;
  expect(pipeline.hasRoom()).toBe(true);
});

test("what is buffered, and not what is being flushed, is forgotten on a discard", async () => {
  const { pipeline, flushed, endOne, discarded } = setup();
  for (let i = 0; i < 4; i++) pipeline.accept(runOf(i, 10));
  pipeline.discard();
  expect(discarded()).toBe(30);
  pipeline.accept(runOf(9, 3));
  const drained = pipeline.drain();
  await endOne();
  await endOne();
  await drained;
  expect(flushed.map(({ runs }) => runs)).toEqual([[0], [9]]);
  expect(flushed[1]?.occasion.trigger).toBe("drain");
  expect(pipeline.bufferedBytes).toBe(0);
});

test("a batch is flushed when its oldest message has waited long enough", async () => {
  const { pipeline, flushed, clock } = setup({ minAgeMs: 20, maxAgeMs: 20 });
  pipeline.accept(runOf(0, 1));
  clock.nowMs = 20;
  await Bun.sleep(40);
  expect(flushed).toMatchObject([{ runs: [0], occasion: { trigger: "age", ageMs: 20 } }]);
});

test("while a backlog lasts a batch is filled, as long as there is room and time; when it ends, age decides", async () => {
  let lag = 0;
  const limits = { maxRows: 40, minAgeMs: 5, maxAgeMs: 5, bulkAgeMs: 50, maxFlushes: 1 };
  const { pipeline, flushed, endOne, clock } = setup(limits, () => lag);
  const pass = async (ms: number) => {
    clock.nowMs += ms;
    await Bun.sleep(130);
  };
  // 10 rows beyond those that are held are a quarter of a batch: enough to wait for.
  lag = 12;
  pipeline.accept(runOf(0, 2));
  await pass(20);
  expect(flushed).toHaveLength(0);
  await pass(30);
  expect(flushed.map(({ runs }) => runs)).toEqual([[0]]);
  await endOne();
  lag = 100;
  pipeline.accept(runOf(1, 20));
  await pass(20);
  pipeline.accept(runOf(2, 20));
  expect(flushed.map(({ runs }) => runs)).toEqual([[0], [1, 2]]);
  expect(flushed[1]?.occasion.trigger).toBe("rows");
  // What is being flushed counts as held.
  lag = 51;
  pipeline.accept(runOf(3, 2));
  await endOne();
  lag = 11;
  await pass(20);
  expect(flushed.map(({ runs }) => runs)).toEqual([[0], [1, 2], [3]]);
  await endOne();
});

test("a backlog fills no batch when there is no room for more of it", async () => {
  const limits = { maxRows: 1_000, minAgeMs: 5, maxAgeMs: 5, bulkAgeMs: 1e9, maxBufferedBytes: 100 };
  const { pipeline, flushed, clock } = setup(limits, () => 1e6);
  pipeline.accept(runOf(0, 9));
  clock.nowMs += 20;
  await Bun.sleep(130);
  expect(flushed).toHaveLength(0);
  pipeline.accept(runOf(1, 1));
  await Bun.sleep(10);
  expect(flushed.map(({ runs }) => runs)).toEqual([[0, 1]]);
});

test("property: every run is flushed once, in order; batches exceed no limit but by a run of more rows", async () => {
  const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 15 }), fc.constant("end" as const)), { maxLength: 60 });
  const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (todo, maxFlushes) => {
    const { pipeline, flushed, ends, endOne } = setup({ maxFlushes });
    const sizes: number[] = [];
    for (const step of todo) {
      if (step === "end") await endOne();
      else sizes.push(step);
      if (step !== "end") pipeline.accept(runOf(sizes.length - 1, step));
      expect(ends.length).toBeLessThanOrEqual(maxFlushes);
    }
    const drained = pipeline.drain();
    for (let i = 0; i <= todo.length; i++) await endOne();
    await drained;
    expect(flushed.flatMap(({ runs }) => runs)).toEqual([...sizes.keys()]);
    for (const { runs, rows } of flushed) {
      expect(rows).toBe(runs.reduce((sum, run) => sum + (sizes[run] ?? 0), 0));
      if (runs.length > 1) expect(rows).toBeLessThanOrEqual(LIMITS.maxRows);
    }
    expect(pipeline.bufferedBytes).toBe(0);
  });
  await fc.assert(property, { numRuns: 60 });
});
