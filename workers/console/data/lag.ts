import { createKafkaClient } from "../../shared/kafka/client.ts";
import type { KafkaConfig } from "../../shared/kafka/config.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { fetchCommittedOffsets, fetchTopicRanges } from "../../shared/kafka/topic-reader.ts";
import type { Clock } from "../../shared/runtime/clock.ts";
import { AppError, errorFields } from "../../shared/runtime/errors.ts";
import type { Component } from "../../shared/runtime/lifecycle.ts";
import type { Logger } from "../../shared/runtime/logger.ts";
import { sleep } from "../../shared/runtime/sleep.ts";

/** Messages the consumers have not committed yet, or why that is not known. */
export type Lag = { messages: number; atMs: number } | { error: string; atMs: number };

/** Looks at Kafka every few seconds, so that pages do not have to wait for it. */
export type LagWatch = Component & {
  current(): Lag | undefined;
  /** Rejects with what is no failure of Kafka. */
  finished: Promise<void>;
};

const PAUSE_MS = 5_000;

export function startLagWatch(
  config: KafkaConfig & { KAFKA_GROUP_ID: string },
  deps: { logger: Logger; clock: Clock },
): LagWatch {
  const { logger, clock } = deps;
  const stopping = new AbortController();
  let current: Lag | undefined;

  const look = async (): Promise<number> => {
    // A client of its own each time: one that has failed to connect keeps trying in the background.
    const admin = createKafkaClient(config, logger).admin({ retry: { retries: 1 } });
    try {
      await kafkaCall(() => admin.connect());
      const [ranges, committed] = await Promise.all([
        fetchTopicRanges(admin, config.KAFKA_EVENTS_TOPIC),
        fetchCommittedOffsets(admin, config.KAFKA_GROUP_ID, config.KAFKA_EVENTS_TOPIC),
      ]);
      return ranges.reduce(
        (sum, { partition, from, stable }) => sum + Math.max(0, stable - (committed.get(partition) ?? from)),
        0,
      );
    } finally {
      admin.disconnect().catch(() => undefined);
    }
  };
  const run = async () => {
    while (!stopping.signal.aborted) {
      try {
        current = { messages: await look(), atMs: clock.now() };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (!(current && "error" in current)) logger.warn(errorFields(error), "the lag is not known");
        current = { error: error.code, atMs: clock.now() };
      }
      await sleep(PAUSE_MS, stopping.signal);
    }
  };
  const running = run();
  running.catch(() => undefined); // rejects through `finished`
  return {
    name: "lag-watch",
    current: () => current,
    finished: running,
    stop: async () => {
      stopping.abort();
      await Promise.race([running.catch(() => undefined), sleep(2_000)]);
    },
  };
}
