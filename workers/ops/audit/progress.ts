import type { CliIo } from "../cli/io.ts";
import { formatCount } from "../cli/table.ts";

/** Reports a long step on stderr every two seconds: done, share, rate, time left. */
export type Progress = {
  /** Adds to what is done; cheap enough for every row. */
  add(count: number): void;
  /** The last line: total and time. */
  end(): void;
};

const EVERY_MS = 2_000;

/** @param total what will be done in the end; 0 when nobody knows. */
export function createProgress(io: CliIo, label: string, total: number): Progress {
  const startMs = io.clock.now();
  let reportedMs = startMs;
  let done = 0;
  let unchecked = 0;
  return {
    add(count) {
      done += count;
      unchecked += count;
      if (unchecked < 1_000) return;
      unchecked = 0;
      const nowMs = io.clock.now();
      if (nowMs - reportedMs < EVERY_MS) return;
      reportedMs = nowMs;
      io.err(`${label}: ${describeProgress(done, total, nowMs - startMs)}`);
    },
    end() {
      const seconds = Math.max(0.001, (io.clock.now() - startMs) / 1000);
      io.err(`${label}: ${formatCount(done)} in ${seconds.toFixed(1)} s`);
    },
  };
}

/** `1,000 of 4,000 (25 %), 500/s, 6 s left`. */
export function describeProgress(done: number, total: number, elapsedMs: number): string {
  const rate = (done * 1000) / Math.max(1, elapsedMs);
  const speed = `${formatCount(Math.round(rate))}/s`;
  if (total <= 0) return `${formatCount(done)}, ${speed}`;
  const share = Math.floor((100 * done) / total);
  const left = Math.ceil(Math.max(0, total - done) / Math.max(rate, 0.001));
  return `${formatCount(done)} of ${formatCount(total)} (${share} %), ${speed}, ${formatCount(left)} s left`;
}
