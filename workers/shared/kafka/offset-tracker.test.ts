import { expect, test } from "bun:test";
import fc from "fast-check";
import { OffsetTracker } from "./offset-tracker.ts";

test("a hole holds back what is finished behind it", () => {
  const tracker = new OffsetTracker(10);
  const [a, b, c] = [tracker.track(20), tracker.track(25), tracker.track(30)];
  tracker.complete(b);
  tracker.complete(c);
  expect(tracker.committable).toBe(10);
  tracker.complete(a);
  expect(tracker.committable).toBe(30);
  expect(tracker.handedOut).toBe(30);
});

test("offsets handed out already are refused", () => {
  const tracker = new OffsetTracker(5);
  expect(() => tracker.track(5)).toThrow(RangeError);
  tracker.track(6);
  expect(() => tracker.track(6)).toThrow(RangeError);
});

test("property: committable is the end of the finished prefix, whatever the order, and never decreases", () => {
  const runs = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(runs, fc.nat(1_000), fc.infiniteStream(fc.nat()), (lengths, start, random) => {
      const tracker = new OffsetTracker(start);
      let next = start;
      const tickets = lengths.map((length) => {
        next += length;
        return tracker.track(next);
      });
      const open = [...tickets];
      let last = start;
      while (open.length > 0) {
        const [ticket] = open.splice((random.next().value ?? 0) % open.length, 1);
        if (!ticket) break;
        tracker.complete(ticket);
        if ((random.next().value ?? 0) % 3 === 0) tracker.complete(ticket);
        const firstOpen = tickets.findIndex((candidate) => open.includes(candidate));
        const expected = firstOpen === -1 ? next : (tickets[firstOpen - 1]?.nextOffset ?? start);
        expect(tracker.committable).toBe(expected);
        expect(tracker.committable).toBeGreaterThanOrEqual(last);
        last = tracker.committable;
      }
      expect(tracker.committable).toBe(next);
    }),
  );
});
