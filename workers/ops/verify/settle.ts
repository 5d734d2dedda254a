import { type Check, type KeyResult, keyText } from "./compare.ts";

/**
 * Decides when a disagreement is real. While events flow, the sides are read one after the other and a key may differ
 * only because it moved in between. A difference counts once it has stayed exactly the same for long enough; a key that
 * keeps changing is excluded and named.
 */

export type SettleTiming = {
  /** A difference must stay the same this long, ms: longer than the ledger's publish interval or the view's refresh. */
  settleMs: Readonly<Record<Check, number>>;
  /** A key that still changes after this long is in motion, ms. */
  motionMs: number;
};

/** `pending`: look again. `settled`: real. `moving`: still changing after `motionMs`. */
export type Settlement = "pending" | "settled" | "moving";

export type Settler = {
  /**
   * Notes one more look at a disagreeing key. `trusted` says that nothing may lag behind any more (all instances of the
   * key have closed their ledgers, or have published since), without which a surplus is never settled.
   */
  observe(result: KeyResult, nowMs: number, trusted: boolean): Settlement;
};

type Seen = { signature: string; firstMs: number; stableSinceMs: number };

export function createSettler(timing: SettleTiming): Settler {
  const seen = new Map<string, Seen>();
  return {
    observe(result, nowMs, trusted) {
      const text = `${result.check}\0${keyText(result)}`;
      const signature = signatureOf(result);
      const last = seen.get(text);
      if (last === undefined) {
        seen.set(text, { signature, firstMs: nowMs, stableSinceMs: nowMs });
        return "pending";
      }
      if (last.signature !== signature) {
        seen.set(text, { signature, firstMs: last.firstMs, stableSinceMs: nowMs });
        return nowMs - last.firstMs >= timing.motionMs ? "moving" : "pending";
      }
      if (trusted && nowMs - last.stableSinceMs >= timing.settleMs[result.check]) return "settled";
      return "pending";
    },
  };
}

function signatureOf({ outcome, expected, found }: KeyResult): string {
  const parts = [
    outcome,
    ...[expected, found].flatMap((tally) => [tally.events, tally.checksum, tally.money, tally.control]),
  ];
  return parts.join("|");
}
