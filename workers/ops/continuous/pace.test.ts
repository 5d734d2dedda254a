import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FIRST_PACE, nextPace, type Pace } from "./pace.ts";
import { shareOut } from "./step.ts";

const PAUSE_MS = 5_000;

describe("pace of the continuous audit", () => {
  test("a backlog makes steps grow, one after the other, up to a bound", () => {
    let pace = FIRST_PACE;
    for (let i = 0; i < 20; i++)
      pace = nextPace(pace, { offsets: pace.stepOffsets, behind: 1e6, tookMs: 1_000 }, PAUSE_MS);
    expect(pace).toEqual({ stepOffsets: 128_000, pauseMs: 0 });
  });

  test("on a slow machine steps shrink until each takes less than 15 s, and progress is saved after each", () => {
    for (const msPerOffset of [0.2, 1, 5]) {
      let pace: Pace = { stepOffsets: 128_000, pauseMs: 0 };
      for (let i = 0; i < 5; i++) {
        const tookMs = pace.stepOffsets * msPerOffset;
        pace = nextPace(pace, { offsets: pace.stepOffsets, behind: 1e6, tookMs }, PAUSE_MS);
      }
      expect(pace.stepOffsets * msPerOffset).toBeLessThan(15_000);
      expect(pace.pauseMs).toBe(0);
    }
  });

  test("what has caught up, or stands at a difference, rests twice as long as it worked, 20 s at most", () => {
    const rest = (tookMs: number, behind = 0) =>
      nextPace(FIRST_PACE, { offsets: behind > 0 ? 0 : 10, behind, tookMs }, PAUSE_MS).pauseMs;
    expect([rest(100), rest(4_000), rest(60_000), rest(4_000, 7)]).toEqual([5_000, 8_000, 20_000, 8_000]);
  });
});

test("offsets of a step are shared out fully, and no partition with a backlog is left out", () => {
  const backlogs = fc.array(fc.record({ next: fc.nat(1_000), backlog: fc.nat(5_000) }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(backlogs, fc.integer({ min: 40, max: 20_000 }), (all, offsets) => {
      const given = all.map(({ next, backlog }) => ({ state: { next }, target: next + backlog }));
      const planned = shareOut(given, offsets);
      const waiting = given.filter(({ state, target }) => target > state.next);
      expect(planned).toHaveLength(waiting.length);
      const shares = planned.map(({ state, to }) => to - state.next);
      for (const [i, share] of shares.entries()) {
        expect(share).toBeGreaterThan(0);
        expect(planned[i]?.to).toBeLessThanOrEqual(planned[i]?.target ?? 0);
      }
      const backlog = waiting.reduce((sum, { state, target }) => sum + target - state.next, 0);
      const shared = shares.reduce((sum, share) => sum + share, 0);
      expect(shared).toBeLessThanOrEqual(offsets);
      expect(shared).toBe(Math.min(backlog, offsets));
    }),
  );
});
