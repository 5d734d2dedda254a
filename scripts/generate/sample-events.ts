/**
 * Writes data/events.jsonl: a few hundred simulated messages in the order of their send times, always the same. They happen
 * on 2026-11-20 from 12:00 UTC, in every type of every source; among them are late events, copies of earlier ones, some
 * with the id in upper case, and broken lines. `sample-events.test.ts` states how many of each.
 */
import { join } from "node:path";
import {
  createSimulator,
  MALFORMED_VARIANTS,
  SIMULATOR_DEFAULTS,
} from "../../workers/producer/sources/simulate/index.ts";

/** When the first event happens, in ms since the epoch. */
export const SAMPLE_START_MS = Date.UTC(2026, 10, 20, 12);
/** The messages last about an hour, held-back ones included. */
const LINES = 480;

const MINIMAL = {
  event_id: "c0ffee00-0000-4000-8000-000000000001",
  user_id: "user123",
  event_type: "click",
  event_time: "2026-11-20T12:00:00Z",
  received_time: "2026-11-20T12:00:03Z",
};

/** The lines of the sample file; the first is the minimal event of the contract. */
export function buildSampleLines(): string[] {
  const simulator = createSimulator({
    ...SIMULATOR_DEFAULTS,
    // This seed gives every type and nearly every kind of broken line within so few messages.
    seed: "sample 48",
    instanceId: "file",
    startTimeMs: SAMPLE_START_MS,
    rhythm: { ratePerSecond: 0.125 },
    sources: { lottery: 3, web: 3, mobile: 3, sensor: 3 },
    users: 40,
    duplicateShare: 0.08,
    malformedShare: 0.08,
    malformedVariants: MALFORMED_VARIANTS.filter((variant) => variant.isLine),
  });
  const lines = [JSON.stringify(MINIMAL)];
  while (lines.length < LINES) {
    const value = simulator.next()?.value;
    if (typeof value === "string") lines.push(value);
  }
  return lines;
}

if (import.meta.main) {
  const path = join(import.meta.dir, "../../data/events.jsonl");
  await Bun.write(path, `${buildSampleLines().join("\n")}\n`);
  console.log(`wrote data/events.jsonl, ${LINES} lines`);
}
