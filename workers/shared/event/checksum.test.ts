import { expect, test } from "bun:test";
import fc from "fast-check";
import { addChecksum, eventIdHash, subtractChecksum } from "./checksum.ts";

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

test("hashes as ClickHouse's xxHash64 does", () => {
  // SELECT xxHash64(toString(toUUID('7F1D0000-1111-2222-3333-444455556666')))
  expect(eventIdHash("7f1d0000-1111-2222-3333-444455556666")).toBe(16774540627299889434n);
  expect(eventIdHash("")).toBe(17241709254077376921n);
});

test("a sum does not depend on the order, stays within 64 bits and can be taken back", () => {
  fc.assert(
    fc.property(fc.array(u64, { maxLength: 20 }), u64, (hashes, extra) => {
      const sum = hashes.reduce(addChecksum, 0n);
      expect(hashes.toReversed().reduce(addChecksum, 0n)).toBe(sum);
      expect(sum).toBe(hashes.reduce((a, b) => a + b, 0n) % 2n ** 64n);
      expect(subtractChecksum(addChecksum(sum, extra), extra)).toBe(sum);
    }),
  );
});
