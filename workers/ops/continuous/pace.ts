/** How large the next step of the continuous audit is, offsets, and how long to wait before it, ms. */
export type Pace = { stepOffsets: number; pauseMs: number };

const [LEAST_OFFSETS, MOST_OFFSETS] = [2_000, 128_000];
/** A step that takes longer is made smaller, so that progress is saved and seen. */
const LONG_STEP_MS = 15_000;
/** The store reads the minutes in question once a step, whatever it brings: of the time, a third is enough. */
const REST = 2;
const LONGEST_PAUSE_MS = 20_000;

export const FIRST_PACE: Pace = { stepOffsets: 16_000, pauseMs: 0 };

/**
 * What follows a step that took `tookMs`, compared `offsets`, and left `behind`: while it is behind, steps grow and follow
 * each other; otherwise it rests twice as long as it worked, between `minPauseMs` and 20 s.
 */
export function nextPace(
  { stepOffsets }: Pace,
  { offsets, behind, tookMs }: { offsets: number; behind: number; tookMs: number },
  minPauseMs: number,
): Pace {
  if (behind === 0 || offsets === 0)
    return { stepOffsets, pauseMs: Math.max(minPauseMs, Math.min(LONGEST_PAUSE_MS, REST * tookMs)) };
  if (tookMs > LONG_STEP_MS) {
    const smaller = Math.floor((offsets * LONG_STEP_MS) / tookMs / 1.5);
    return { stepOffsets: Math.max(LEAST_OFFSETS, smaller), pauseMs: 0 };
  }
  const grown = tookMs < LONG_STEP_MS / 3 ? 2 * stepOffsets : stepOffsets;
  return { stepOffsets: Math.min(MOST_OFFSETS, grown), pauseMs: 0 };
}
