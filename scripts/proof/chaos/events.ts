import type { Random } from "../../../workers/producer/sources/simulate/random.ts";

/** A minimal event of the contract that happened at this moment (Unix ms). */
export function eventAt(random: Random, timeMs: number, fields: Readonly<Record<string, unknown>> = {}) {
  const time = new Date(timeMs).toISOString();
  const user = `chaos-${random.below(500)}`;
  return {
    event_id: random.uuid(),
    user_id: user,
    event_type: "click",
    event_time: time,
    received_time: time,
    ...fields,
  };
}

/** Events of the last seconds, spread over users and so over partitions. */
export function recentEvents(random: Random, count: number) {
  const now = Date.now();
  return Array.from({ length: count }, () => eventAt(random, now - random.below(5_000)));
}

/** The same items in a random order. */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: random.fraction() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
