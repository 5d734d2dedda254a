import type { Clock } from "./clock.ts";

/** A line that was said is not said again for so long, ms: what retries fails several times a second. */
const SAME_LINE_MS = 30_000;
/** Different lines that are remembered. */
const MAX_LINES = 100;

/** What to add to a line: how often it was left out since it was said last, if ever; undefined: it is to be left out now. */
export type Repeats = (line: string) => { repeated?: number } | undefined;

/** Thins lines that repeat out to one in 30 s. */
export function createRepeats(clock: Clock): Repeats {
  const said = new Map<string, { atMs: number; leftOut: number }>();
  return (line) => {
    const nowMs = clock.now();
    const last = said.get(line);
    if (last !== undefined && nowMs - last.atMs < SAME_LINE_MS) {
      last.leftOut++;
      return undefined;
    }
    if (said.size >= MAX_LINES) said.clear();
    said.set(line, { atMs: nowMs, leftOut: 0 });
    return last !== undefined && last.leftOut > 0 ? { repeated: last.leftOut } : {};
  };
}
