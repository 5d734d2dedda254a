import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { backlogAfter, catchUpSeconds, consumerCapacity, type Parameters, plan } from "./model.ts";
import parameters from "./parameters.json";
import { simulate } from "./simulate.ts";

const given: Parameters = parameters;

describe("the capacity model", () => {
  test("more events never need less of anything", () => {
    const rate = fc.integer({ min: 100, max: 10_000_000 });
    fc.assert(
      fc.property(rate, rate, (a, b) => {
        const [less, more] = [plan(Math.min(a, b), given), plan(Math.max(a, b), given)];
        expect(more.consumers).toBeGreaterThanOrEqual(less.consumers);
        expect(more.partitions).toBeGreaterThanOrEqual(less.partitions);
        expect(more.brokers).toBeGreaterThanOrEqual(less.brokers);
        expect(more.storeCores).toBeGreaterThanOrEqual(less.storeCores);
        expect(more.kafkaDiskTB).toBeGreaterThanOrEqual(less.kafkaDiskTB);
      }),
    );
  });

  test("a plan serves its bursts: consumers have the capacity, every consumer has a partition", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 10_000_000 }), (rate) => {
        const { consumers, partitions } = plan(rate, given);
        expect(consumers * consumerCapacity(given)).toBeGreaterThanOrEqual(rate * given.assumed.burstFactor);
        expect(partitions).toBeGreaterThanOrEqual(consumers);
      }),
    );
  });

  test("an example worked by hand", () => {
    // 1 core at 60 % less 0.1 for the fixed part, 5 µs an event: 100,000 events/s a consumer.
    const measured = { ...given.measured, consumerFixedCores: 0.1, consumerUsPerEvent: 5, kafkaBytesPerEvent: 400 };
    const assumed = { ...given.assumed, coreUtilisation: 0.6, consumerCores: 1, burstFactor: 3 };
    expect(consumerCapacity({ measured, assumed })).toBeCloseTo(100_000, 6);
    const { consumers, ingressMBps, kafkaDiskTB } = plan(100_000, { measured, assumed });
    expect(consumers).toBe(3);
    expect(ingressMBps).toBeCloseTo(40, 9);
    // 40 MB/s for 3 days, three times.
    expect(kafkaDiskTB).toBeCloseTo((40e6 * 86_400 * 9) / 1e12, 9);
  });
});

describe("the simulation agrees with the formula", () => {
  const capacity = 50_000;
  test("after a burst", () => {
    const burst = { from: 60, to: 360, factor: 10 };
    const { peakLag, catchUp } = simulate({ name: "", rate: 10_000, capacity, seconds: 3_600, burst }, 1);
    const backlog = backlogAfter(300, 100_000, capacity);
    expect(Math.abs(peakLag / backlog - 1)).toBeLessThan(0.05);
    expect(Math.abs((catchUp ?? 0) / catchUpSeconds(backlog, 10_000, capacity) - 1)).toBeLessThan(0.05);
  });

  test("after an outage", () => {
    const outage = { from: 60, to: 660 };
    const { peakLag, catchUp } = simulate({ name: "", rate: 10_000, capacity, seconds: 3_600, outage }, 2);
    const backlog = backlogAfter(600, 10_000, 0);
    expect(Math.abs(peakLag / backlog - 1)).toBeLessThan(0.05);
    expect(Math.abs((catchUp ?? 0) / catchUpSeconds(backlog, 10_000, capacity) - 1)).toBeLessThan(0.05);
  });

  test("without the capacity for the mean it never ends", () => {
    const outage = { from: 0, to: 60 };
    expect(simulate({ name: "", rate: 60_000, capacity, seconds: 600, outage }, 3).catchUp).toBeUndefined();
    expect(catchUpSeconds(1, 60_000, capacity)).toBe(Number.POSITIVE_INFINITY);
  });
});
