import type { Component } from "../shared/runtime/lifecycle.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import type { TallyCounts } from "./tally.ts";

/** What the progress line shows besides the tally. */
export type ProgressSources = {
  counts: () => TallyCounts;
  /** Messages in the buffer, and events held back. */
  buffered: () => number;
  held: () => number;
};

/** Logs one line every `intervalMs`: what was produced and acknowledged, and the rate since the last line. */
export function startProgress(config: { intervalMs: number }, deps: ProgressSources & { logger: Logger }): Component {
  let last = 0;
  let lastAt = performance.now();
  const timer = setInterval(() => {
    const { events, resends, malformed, acknowledged, ...rest } = deps.counts();
    const now = performance.now();
    const acknowledged_per_s = Math.round(((acknowledged - last) * 1000) / (now - lastAt));
    last = acknowledged;
    lastAt = now;
    const produced = events + resends + malformed;
    const { unknown, refused } = rest;
    const waiting = { buffered: deps.buffered(), held: deps.held() };
    deps.logger.info({ produced, acknowledged, acknowledged_per_s, ...waiting, refused, unknown }, "progress");
  }, config.intervalMs);
  return {
    name: "progress",
    stop: async () => clearInterval(timer),
  };
}
