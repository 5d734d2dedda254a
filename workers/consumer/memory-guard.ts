import type { Component } from "../shared/runtime/lifecycle.ts";

/**
 * Asks for a garbage collection whenever the process has grown beyond `thresholdBytes` of resident memory. Left alone,
 * the runtime lets garbage grow in proportion to the machine's memory, not to the container's limit, which ends in the
 * process being killed while it drains a backlog.
 */
export function startMemoryGuard(config: { thresholdBytes: number; intervalMs: number }): Component {
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() > config.thresholdBytes) Bun.gc(true);
  }, config.intervalMs);
  timer.unref();
  return { name: "memory-guard", stop: async () => clearInterval(timer) };
}
