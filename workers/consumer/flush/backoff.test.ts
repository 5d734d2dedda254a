import { expect, test } from "bun:test";
import { createBackoff } from "./backoff.ts";

test("delays double up to the limit and start anew after a success", () => {
  const backoff = createBackoff({ minMs: 100, maxMs: 1_000 }, () => 0);
  expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

test("jitter shortens a delay by less than half", () => {
  expect(createBackoff({ minMs: 100, maxMs: 1_000 }, () => 0.999).next()).toBeCloseTo(50.05);
});
