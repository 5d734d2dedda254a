import { createHash } from "node:crypto";
import { corpus } from "./corpus.ts";
import { ASPECTS, type Aspect, createObserver, type Observation } from "./observe.ts";

/** Messages whose lines share a hash, so that a difference is told with its place. */
export const CHUNK = 5_000;

/** A hash of each chunk's lines, by aspect, and how many messages the scanner takes. */
export type Golden = { readonly scannedShare: string } & Readonly<Record<Aspect, readonly string[]>>;

/** Observes the corpus; `onChunk` is given the lines themselves. */
export function observeCorpus(onChunk: (from: number, seen: Observation) => void = () => {}): Golden {
  const all = corpus();
  const observe = createObserver();
  const golden: Record<Aspect, string[]> = {
    ...{ corpus: [], verdicts: [], fields: [], values: [], rows: [], scanned: [], audit: [] },
  };
  let scanned = 0;
  for (let from = 0; from < all.length; from += CHUNK) {
    const seen = observe(all.slice(from, from + CHUNK));
    onChunk(from, seen);
    for (const aspect of ASPECTS) golden[aspect].push(hashOf(seen[aspect]));
    scanned += seen.scanned.filter((line) => line === "scanned").length;
  }
  return { scannedShare: `${scanned} of ${all.length}`, ...golden };
}

/** The first 16 hex digits of the SHA-256 of lines. */
export function hashOf(lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16);
}

/** What differs, in words; empty when nothing does. */
export function differences(recorded: Golden, found: Golden): string[] {
  const share =
    recorded.scannedShare === found.scannedShare
      ? []
      : [`scanned: ${found.scannedShare}, was ${recorded.scannedShare}`];
  const chunks = ASPECTS.flatMap((aspect) => {
    const count = Math.max(recorded[aspect].length, found[aspect].length);
    const differing = Array.from({ length: count }, (_, i) => i).filter(
      (i) => recorded[aspect][i] !== found[aspect][i],
    );
    const [first] = differing;
    if (first === undefined) return [];
    return [
      `${aspect}: ${differing.length} of ${count} chunks differ, the first is of messages from ${first * CHUNK} on`,
    ];
  });
  return [...share, ...chunks];
}
