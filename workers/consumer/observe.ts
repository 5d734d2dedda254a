import type { GroupObserver } from "../shared/kafka/group-types.ts";
import type { Clock } from "../shared/runtime/clock.ts";
import type { GroupLag } from "./group-lag.ts";
import type { ConsumerMetrics } from "./metrics.ts";

/** Feeds what happens in the consumer group into the metrics, and its lag into `lag`. */
export function observeGroup(metrics: ConsumerMetrics, clock: Clock, lag: GroupLag): GroupObserver {
  let pausedSinceMs: number | undefined;
  /** Since when a partition's stable offset has stood where it is, with messages behind it. */
  const stuck = new Map<number, { stable: number; sinceMs: number }>();
  const addPause = () => {
    const now = clock.now();
    if (pausedSinceMs !== undefined) metrics.pausedSeconds.inc((now - pausedSinceMs) / 1000);
    if (pausedSinceMs !== undefined) pausedSinceMs = now;
  };
  // A pause that lasts is visible while it lasts.
  metrics.onCollect(addPause);
  return {
    onJoined: (partitions) => {
      // Partitions of others must not linger with an old offset; the lag of all is told every few seconds.
      metrics.hidden.reset();
      metrics.openTransaction.reset();
      metrics.committedOffset.reset();
      lag.clear();
      metrics.assigned.set(partitions.length);
      metrics.joined.set(1);
    },
    onRebalance: () => {
      metrics.rebalances.inc();
      metrics.joined.set(0);
    },
    onGap: ({ reason, from, to }) => {
      metrics.offsetGaps.inc({ reason });
      metrics.offsetGapMessages.inc({ reason }, Math.max(0, to - from));
    },
    onPaused: (paused) => {
      addPause();
      pausedSinceMs = paused ? clock.now() : undefined;
    },
    onCommitted: (partition, offset) => metrics.committedOffset.set({ partition: String(partition) }, offset),
    onCommitFailed: (code) => metrics.commitFailures.inc({ code }),
    onHidden: (partition, messages, stable) => {
      const label = { partition: String(partition) };
      metrics.hidden.set(label, messages);
      const known = stuck.get(partition);
      const since = messages === 0 || known?.stable !== stable ? clock.now() : known.sinceMs;
      stuck.set(partition, { stable, sinceMs: since });
      metrics.openTransaction.set(label, (clock.now() - since) / 1000);
    },
    onLag: (partition, messages) => {
      lag.set(partition, messages);
      metrics.lag.set({ partition: String(partition) }, Math.max(0, messages));
    },
  };
}
