/**
 * Checksums of sets of events: the sum of xxHash64(event_id) modulo 2^64. It does not depend on the order, can be added up
 * across groups, and ClickHouse computes the same with `sum(xxHash64(toString(event_id)))` (a UInt64 sum wraps).
 */

const MASK = (1n << 64n) - 1n;

/** The hash of one event id. The id must be in lower case, as {@link parseEvent} gives it: the hash is of its text. */
export function eventIdHash(eventIdLowerCase: string): bigint {
  return Bun.hash.xxHash64(eventIdLowerCase);
}

/** The sum of two checksums modulo 2^64. */
export function addChecksum(a: bigint, b: bigint): bigint {
  return (a + b) & MASK;
}

/** The difference of two checksums modulo 2^64; takes back what {@link addChecksum} added. */
export function subtractChecksum(a: bigint, b: bigint): bigint {
  return (a - b) & MASK;
}
