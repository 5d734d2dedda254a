/**
 * What three counts of one bucket say of each other.
 *
 * - `equal`: produced = stored = shown.
 * - `in_flight`: they differ, and the bucket is so young that events may be under way.
 * - `unknown`: more is stored than acknowledged, within the number of sends whose fate the producer does not know.
 * - `no_raw`: raw events are not there any more or could not be counted; only produced and shown could be compared.
 * - `different`: anything else; `ops verify` tells what and why.
 */
export const COMPARISONS = ["equal", "in_flight", "unknown", "no_raw", "different"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export type Counts = {
  produced: number;
  unknown: number;
  stored: number | undefined;
  storedOfLedger: number | undefined;
  shown: number;
};

/** Compares the counts of a bucket; events of producers without a ledger take part in stored = shown only. */
export function compareCounts(counts: Counts, young: boolean): Comparison {
  const { produced, unknown, stored, storedOfLedger, shown } = counts;
  if (stored === undefined || storedOfLedger === undefined) {
    // Events without a ledger may be among the shown ones, so that more is no difference.
    if (shown >= produced) return "no_raw";
    return young ? "in_flight" : "different";
  }
  const viewAgrees = stored === shown;
  if (viewAgrees && storedOfLedger === produced) return "equal";
  if (young) return "in_flight";
  const surplus = storedOfLedger - produced;
  return viewAgrees && surplus > 0 && surplus <= unknown ? "unknown" : "different";
}
