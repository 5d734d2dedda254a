import { type Admin, createKafkaClient } from "../../shared/kafka/client.ts";
import type { KafkaConfig } from "../../shared/kafka/config.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import {
  fetchCommittedOffsets,
  fetchTopicRanges,
  nameTopic,
  type TopicRange,
} from "../../shared/kafka/topic-reader.ts";
import type { Clock } from "../../shared/runtime/clock.ts";
import { AppError, errorFields } from "../../shared/runtime/errors.ts";
import type { Component } from "../../shared/runtime/lifecycle.ts";
import type { Logger } from "../../shared/runtime/logger.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import { createCaughtUp } from "./caught-up.ts";
import { createProgress, type Waiting } from "./progress.ts";

/** What Kafka says, or why that is not known. */
export type Lag =
  | ({
      /** Messages the consumers have not committed yet. */
      messages: number;
      atMs: number;
      /** Everything that Kafka had by then (Unix ms) is committed; undefined: not known yet. */
      caughtUpMs?: number | undefined;
      /** The same of the producers' ledger. */
      ledgerCaughtUpMs?: number | undefined;
      /** Messages appended to the topic within the last so many minutes: what was produced, whether consumers run or not. */
      appended?: ReadonlyMap<number, number>;
    } & Partial<Waiting>)
  | { error: string; atMs: number };

/** Looks at Kafka every few seconds, so that pages do not have to wait for it. */
export type LagWatch = Component & {
  current(): Lag | undefined;
  /** Rejects with what is no failure of Kafka. */
  finished: Promise<void>;
};

/** Short: the page has to say within ten seconds that consumers stand still. */
const PAUSE_MS = 2_000;
/** Ranges of the live page, minutes; the long ones change slowly and are asked for every few looks. */
const SHORT_RANGES = [15, 60];
const LONG_RANGES = [360, 1_440, 10_080];
const LONG_EVERY = 10;

export function startLagWatch(
  config: KafkaConfig & { KAFKA_GROUP_ID: string; KAFKA_LEDGER_GROUP_ID: string },
  deps: { logger: Logger; clock: Clock },
): LagWatch {
  const { logger, clock } = deps;
  const stopping = new AbortController();
  let current: Lag | undefined;
  const progress = createProgress();
  const appended = new Map<number, number>();
  let looks = 0;
  const eventsCaughtUp = createCaughtUp();
  const ledgerCaughtUp = createCaughtUp();

  const look = async (): Promise<Lag> => {
    // A client of its own each time: one that has failed to connect keeps trying in the background.
    const admin = createKafkaClient(config, logger, { quiet: true }).admin({ retry: { retries: 1 } });
    try {
      await kafkaCall(() => admin.connect());
      const { askedMs, ranges, committedTo } = await readPosition(
        admin,
        config.KAFKA_EVENTS_TOPIC,
        config.KAFKA_GROUP_ID,
      );
      const atMs = clock.now();
      const total = (of: (range: TopicRange) => number) => ranges.reduce((sum, range) => sum + of(range), 0);
      // Beside the questions below: each takes its time, and how long messages wait is to be known soon.
      const ledger = lookAtLedger(admin);
      ledger.catch(() => undefined); // rejects below
      for (const minutes of looks++ % LONG_EVERY === 0 ? [...SHORT_RANGES, ...LONG_RANGES] : SHORT_RANGES) {
        appended.set(minutes, await appendedSince(admin, ranges, atMs - minutes * 60_000));
      }
      const caughtUpMs = eventsCaughtUp(askedMs, ranges, committedTo);
      const ledgerCaughtUpMs = await ledger;
      const waiting = progress({ atMs, appended: total(({ stable }) => stable), committed: total(committedTo) });
      const messages = total((range) => Math.max(0, range.stable - committedTo(range)));
      return { messages, atMs, ...waiting, caughtUpMs, ledgerCaughtUpMs, appended: new Map(appended) };
    } finally {
      admin.disconnect().catch(() => undefined);
    }
  };
  /** What a topic holds, and how much of it a group has committed. */
  const readPosition = async (admin: Admin, topic: string, group: string) => {
    const askedMs = clock.now();
    // The ranges first: they say when there is no such topic.
    const ranges = await fetchTopicRanges(admin, topic);
    const committed = await fetchCommittedOffsets(admin, group, topic);
    return { askedMs, ranges, committedTo: ({ partition, from }: TopicRange) => committed.get(partition) ?? from };
  };
  /** What is not known of the ledger leaves the rest as it is. */
  const lookAtLedger = async (admin: Admin): Promise<number | undefined> => {
    const { KAFKA_LEDGER_TOPIC: topic, KAFKA_LEDGER_GROUP_ID: group } = config;
    try {
      const { askedMs, ranges, committedTo } = await readPosition(admin, topic, group);
      return ledgerCaughtUp(askedMs, ranges, committedTo);
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  };
  const appendedSince = async (admin: Admin, ranges: readonly TopicRange[], sinceMs: number): Promise<number> => {
    const offsets = await kafkaCall(() => admin.fetchTopicOffsetsByTimestamp(config.KAFKA_EVENTS_TOPIC, sinceMs));
    const first = new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
    return ranges.reduce((sum, { partition, end }) => sum + Math.max(0, end - (first.get(partition) ?? end)), 0);
  };
  const run = async () => {
    while (!stopping.signal.aborted) {
      try {
        current = await look();
      } catch (thrown) {
        const error = nameTopic(thrown, config);
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
