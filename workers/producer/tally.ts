import type { Outcome, Outgoing } from "./send/outgoing.ts";

export type TallyCounts = {
  /** Messages taken from the source: events, copies of them, broken messages. */
  readonly events: number;
  readonly resends: number;
  readonly malformed: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  readonly unsent: number;
};

/** Plain counts of this run for the progress line and the summary; metrics are for Prometheus. */
export type Tally = {
  taken(message: Outgoing): void;
  settled(messages: readonly Outgoing[], outcome: Outcome): void;
  counts(): TallyCounts;
};

export function createTally(): Tally {
  const counts = { events: 0, resends: 0, malformed: 0, acknowledged: 0, refused: 0, unknown: 0, unsent: 0 };
  return {
    taken({ kind }) {
      if (kind === "event") counts.events++;
      else if (kind === "resend") counts.resends++;
      else counts.malformed++;
    },
    settled(messages, outcome) {
      counts[outcome] += messages.length;
    },
    counts: () => ({ ...counts }),
  };
}
