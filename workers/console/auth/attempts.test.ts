import { expect, test } from "bun:test";
import { createAttempts } from "./attempts.ts";

const setup = (maxAddresses = 100) => {
  let now = 1_000_000;
  const attempts = createAttempts({ burst: 3, eachMs: 6_000, maxAddresses }, { now: () => now });
  return { attempts, advance: (ms: number) => (now += ms) };
};

test("some wrong tokens are forgiven, then each costs its time; other addresses are not concerned", () => {
  const { attempts, advance } = setup();
  for (let n = 0; n < 3; n++) {
    expect(attempts.wait("a")).toBe(0);
    attempts.failed("a");
  }
  expect(attempts.wait("a")).toBe(6);
  expect(attempts.wait("b")).toBe(0);
  advance(5_999);
  expect(attempts.wait("a")).toBe(1);
  advance(1);
  expect(attempts.wait("a")).toBe(0);
  attempts.failed("a");
  expect(attempts.wait("a")).toBe(6);
  advance(18_000);
  attempts.failed("a");
  expect(attempts.wait("a")).toBe(0);
});

test("memory is bounded: who failed longest ago is forgotten", () => {
  const { attempts } = setup(2);
  for (const address of ["a", "b"]) for (let n = 0; n < 3; n++) attempts.failed(address);
  attempts.failed("a");
  attempts.failed("c");
  expect(attempts.wait("b")).toBe(0);
  expect(attempts.wait("a")).toBeGreaterThan(0);
});
