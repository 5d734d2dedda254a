/**
 * The partition Kafka's own clients choose for a key: murmur2, made positive, modulo the number of partitions. One key
 * therefore goes to one partition whichever client sends it (Java, kafkajs; kcat with `-X partitioner=murmur2_random`).
 */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** MurmurHash2, 32 bits, as a signed integer; the seed is the one of Kafka's clients. */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let h = SEED ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let k = at(data, i) | (at(data, i + 1) << 8) | (at(data, i + 2) << 16) | (at(data, i + 3) << 24);
    k = Math.imul(k, M);
    k ^= k >>> R;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = length - i;
  if (rest >= 3) h ^= at(data, i + 2) << 16;
  if (rest >= 2) h ^= at(data, i + 1) << 8;
  if (rest >= 1) h = Math.imul(h ^ at(data, i), M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return h ^ (h >>> 15);
}

function at(data: Uint8Array, index: number): number {
  return data[index] ?? 0;
}
