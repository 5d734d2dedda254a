import { expect, test } from "bun:test";
import fc from "fast-check";
import { Schedule } from "./schedule.ts";

test("gives items in the order of time, and of adding where times are equal", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const schedule = new Schedule<{ atMs: number; index: number }>();
      const items = times.map((atMs, index) => ({ atMs, index }));
      for (const item of items) schedule.add(item.atMs, item);
      expect(schedule.size).toBe(items.length);
      expect(schedule.nextAtMs).toBe(Math.min(...times));
      const taken = items.map(() => schedule.take());
      expect(taken).toEqual(items.toSorted((a, b) => a.atMs - b.atMs || a.index - b.index));
      expect(schedule.take()).toBeUndefined();
    }),
  );
});

test("stays in order while items come and go", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(50))), (operations) => {
      const schedule = new Schedule<number>();
      const waiting: number[] = [];
      for (const atMs of operations) {
        if (atMs === null) {
          waiting.sort((a, b) => a - b);
          expect(schedule.take()).toBe(waiting.shift());
        } else {
          schedule.add(atMs, atMs);
          waiting.push(atMs);
        }
      }
    }),
  );
});
