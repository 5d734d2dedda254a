import { expect, test } from "bun:test";
import type { KeyResult } from "./compare.ts";
import { createSettler } from "./settle.ts";

const timing = { settleMs: { ledger: 1_000, minute: 2_000, hour: 3_000 }, motionMs: 5_000 };
const key = (found: number, check: KeyResult["check"] = "minute"): KeyResult => ({
  check,
  bucket: 60,
  source: "web",
  eventType: "click",
  outcome: "different",
  expected: { events: 10, checksum: 1n, money: 0n, control: 0n },
  found: { events: found, checksum: 2n, money: 0n, control: 0n },
  instances: [],
});

test("a difference is real once it has stood still for its check's time", () => {
  const settler = createSettler(timing);
  expect(settler.observe(key(9), 0, true)).toBe("pending");
  expect(settler.observe(key(9), 1_999, true)).toBe("pending");
  expect(settler.observe(key(9), 2_000, true)).toBe("settled");
  expect(settler.observe(key(9, "hour"), 2_000, true)).toBe("pending");
});

test("a change starts the time anew, and what keeps changing is in motion", () => {
  const settler = createSettler(timing);
  expect(settler.observe(key(1), 0, true)).toBe("pending");
  expect(settler.observe(key(2), 1_900, true)).toBe("pending");
  expect(settler.observe(key(2), 3_800, true)).toBe("pending");
  expect(settler.observe(key(3), 5_000, true)).toBe("moving");
});

test("nothing is settled while a side may lag behind", () => {
  const settler = createSettler(timing);
  settler.observe(key(12, "ledger"), 0, false);
  expect(settler.observe(key(12, "ledger"), 60_000, false)).toBe("pending");
  expect(settler.observe(key(12, "ledger"), 60_001, true)).toBe("settled");
});
