import type { ClickHouse } from "../shared/clickhouse/client.ts";
import { DEAD_LETTERS_COLUMNS, DEAD_LETTERS_TABLE } from "../shared/clickhouse/tables/dead-letters.ts";
import { EVENTS_RAW_COLUMNS, EVENTS_RAW_TABLE } from "../shared/clickhouse/tables/events-raw.ts";
import {
  encodeOffsetsWithoutMessage,
  OFFSETS_WITHOUT_MESSAGE_COLUMNS,
  OFFSETS_WITHOUT_MESSAGE_TABLE,
} from "../shared/clickhouse/tables/offsets-without-message.ts";
import type { Kafka } from "../shared/kafka/client.ts";
import { GroupConsumer } from "../shared/kafka/group-consumer.ts";
import type { GroupConsumerConfig } from "../shared/kafka/group-types.ts";
import { createSender } from "../shared/kafka/sender.ts";
import type { Clock } from "../shared/runtime/clock.ts";
import { collectGarbageAbove } from "../shared/runtime/garbage.ts";
import type { HealthCheck, HealthChecks } from "../shared/runtime/health-server.ts";
import type { Component } from "../shared/runtime/lifecycle.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { sleep } from "../shared/runtime/sleep.ts";
import { type ConsumerConfig, heartbeatIntervalMs } from "./config.ts";
import { DeadLetterWriter } from "./dead-letter-writer.ts";
import { EventBatch } from "./event-batch.ts";
import { createFlush } from "./flush.ts";
import { GroupLag } from "./group-lag.ts";
import { IngestPipeline } from "./ingest-pipeline.ts";
import { createLedgerFlush, LedgerBatch } from "./ledger-flush.ts";
import { memoryBudget } from "./memory-budget.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import { observeGroup } from "./observe.ts";
import { prepareRows, StoreWriter } from "./store-writer.ts";

export type WorkerDeps = {
  kafka: Kafka;
  clickhouse: ClickHouse;
  metrics: ConsumerMetrics;
  clock: Clock;
  logger: Logger;
};

/** A topic on its way into the store: its group, its buffer, and how it ends. */
export type Ingest = Component & {
  group: GroupConsumer;
  pipeline: IngestPipeline<EventBatch> | IngestPipeline<LedgerBatch>;
  /** Rejects when the ingest failed for good. */
  finished: Promise<never>;
};

const FETCH = { minBytes: 65_536, maxRunRecords: 1_000 };
/** A batch fills for so long at most while a backlog lasts: larger inserts cost the store less, ms. */
const BULK_AGE_MS = 3_000;
/** Two inserts at the same time have a few thousand rows each at most. */
const PARALLEL_BYTES = 4_194_304;
/** Time for the client to leave its group, beyond the grace period for the data, ms. */
const LEAVE_TIMEOUT_MS = 5_000;
/** Joined, but no round of the fetch loop for this long: only a restart fixes that, ms. */
const STUCK_AFTER_MS = 300_000;

/** The events topic: messages to events_raw and dead letters. */
export function createEventIngest(config: ConsumerConfig, dlqPartitions: number, deps: WorkerDeps) {
  const { clickhouse, clock, logger, metrics, kafka } = deps;
  const abandon = new AbortController();
  const budget = memoryBudget(config);
  const lag = new GroupLag();
  const storeDeps = { clickhouse, clock, logger, onFailure: (code: string) => metrics.retries.inc({ code }) };
  const store = new StoreWriter(
    { table: EVENTS_RAW_TABLE, columns: EVENTS_RAW_COLUMNS },
    {
      ...storeDeps,
      onStored: (_, durationMs) => metrics.insertDuration.observe(durationMs / 1000),
      onBisect: () => metrics.bisections.inc(),
    },
  );
  const letterTable = new StoreWriter({ table: DEAD_LETTERS_TABLE, columns: DEAD_LETTERS_COLUMNS }, storeDeps);
  const offsets = new StoreWriter(
    { table: OFFSETS_WITHOUT_MESSAGE_TABLE, columns: OFFSETS_WITHOUT_MESSAGE_COLUMNS },
    storeDeps,
  );
  const sender = createSender(
    { topic: config.KAFKA_DLQ_TOPIC, compression: "gzip" },
    { kafka, logger, onFailure: ({ code }) => metrics.dlqFailures.inc({ code }) },
  );
  const deadLetters = new DeadLetterWriter(
    { eventsTopic: config.KAFKA_EVENTS_TOPIC, dlqPartitions },
    { sender, table: letterTable, logger },
  );
  const judging = {
    maxAgeMs: config.EVENT_MAX_AGE_DAYS * 86_400_000,
    maxFutureMs: config.EVENT_MAX_FUTURE_MINUTES * 60_000,
    maxBytes: config.EVENT_MAX_BYTES,
    lateAfterMs: config.LATE_AFTER_MS,
    maxRows: budget.maxRows,
  };
  const pipeline = new IngestPipeline<EventBatch>(
    {
      maxRows: budget.maxRows,
      maxBytes: budget.maxBatchBytes,
      minAgeMs: config.BATCH_MIN_AGE_MS,
      maxAgeMs: config.BATCH_MAX_AGE_MS,
      bulkAgeMs: BULK_AGE_MS,
      maxBufferedBytes: budget.maxBufferedBytes,
      maxFlushes: 2,
      maxParallelBytes: PARALLEL_BYTES,
    },
    {
      clock,
      createBatch: () => new EventBatch(judging),
      flush: createFlush(judging, { store, deadLetters, metrics, clock, logger, abandon: abandon.signal }),
      onDiscard: (rows) => metrics.redelivered.inc(rows),
      onTaken: collectGarbageAbove(budget.collectAboveBytes),
      lag: () => lag.total,
    },
  );
  const group = new GroupConsumer(
    {
      ...groupConfig(config),
      groupId: config.KAFKA_GROUP_ID,
      topic: config.KAFKA_EVENTS_TOPIC,
      appendTime: true,
      // A run goes into a batch as a whole.
      maxRunRecords: Math.min(FETCH.maxRunRecords, budget.maxRows),
    },
    {
      kafka,
      logger,
      clock,
      sink: pipeline,
      observer: observeGroup(metrics, clock, lag),
      remember: async (missing) => {
        const rows = missing.map(({ from, to, ...row }) => ({
          ...row,
          topic: config.KAFKA_EVENTS_TOPIC,
          first: from,
          last: to - 1,
        }));
        await offsets.store(prepareRows(rows, encodeOffsetsWithoutMessage), () => abandon.signal.aborted);
      },
    },
  );
  const stalled = () => store.stalled ?? letterTable.stalled ?? offsets.stalled;
  metrics.onCollect(() => {
    metrics.stalled.set(stalled() === undefined ? 0 : 1);
    metrics.buffered.set(pipeline.bufferedBytes);
    metrics.unread.set(group.unreadPartitions.length);
  });
  const stop = async () => {
    await stopIngest(group, pipeline, abandon, config.DRAIN_TIMEOUT_MS, { clock, logger });
    await within(sender.stop(), LEAVE_TIMEOUT_MS);
  };
  const ingest: Ingest = {
    name: "events",
    group,
    pipeline,
    finished: Promise.race([group.finished, pipeline.finished]),
    stop,
  };
  ingest.finished.catch(() => undefined);
  return { ingest, checks: healthChecks(group, stalled) };
}

/** The ledger topic: the producers' counts to ledger_counts and ledger_instances. */
export function createLedgerIngest(config: ConsumerConfig, deps: WorkerDeps): Ingest {
  const { kafka, clock, logger } = deps;
  const abandon = new AbortController();
  const flush = createLedgerFlush({ ...deps, abandon: abandon.signal });
  const age = { minAgeMs: 500, maxAgeMs: 500, bulkAgeMs: 500 };
  const sizes = { maxRows: 5_000, maxBytes: 1_048_576, maxBufferedBytes: 4_194_304 };
  const limits = { ...age, ...sizes, maxFlushes: 1, maxParallelBytes: 0 };
  const pipeline = new IngestPipeline(limits, { clock, createBatch: () => new LedgerBatch(), flush });
  const group = new GroupConsumer(
    {
      ...groupConfig(config),
      groupId: config.KAFKA_LEDGER_GROUP_ID,
      topic: config.KAFKA_LEDGER_TOPIC,
      maxWaitMs: 500,
      compacted: true,
    },
    { kafka, logger, clock, sink: pipeline },
  );
  const stop = () => stopIngest(group, pipeline, abandon, config.DRAIN_TIMEOUT_MS, { clock, logger });
  const finished = Promise.race([group.finished, pipeline.finished]);
  finished.catch(() => undefined);
  return { name: "ledger", group, pipeline, finished, stop };
}

function groupConfig(config: ConsumerConfig): Omit<GroupConsumerConfig, "groupId" | "topic"> {
  const { fetchBytes, fetchBytesPerPartition } = memoryBudget(config);
  return {
    ...FETCH,
    maxBytes: fetchBytes,
    maxBytesPerPartition: fetchBytesPerPartition,
    sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS,
    rebalanceTimeoutMs: config.KAFKA_REBALANCE_TIMEOUT_MS,
    heartbeatIntervalMs: heartbeatIntervalMs(config),
    maxWaitMs: config.KAFKA_FETCH_MAX_WAIT_MS,
  };
}

/** Stops fetching, makes durable and commits what is buffered within the grace period, then leaves the group. */
async function stopIngest(
  group: GroupConsumer,
  pipeline: Pick<IngestPipeline<EventBatch>, "drain">,
  abandon: AbortController,
  graceMs: number,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<void> {
  const deadline = clock.now() + graceMs;
  group.stopFetching();
  const drained = await within(pipeline.drain(), graceMs);
  abandon.abort();
  const committed = drained && (await group.commitAll(Math.max(1_000, deadline - clock.now())));
  if (!committed) {
    logger.warn({ group: group.name, drained }, "stopping before everything was durable; the rest will be read again");
  }
  await within(group.stop(), LEAVE_TIMEOUT_MS);
}

/** Whether the work ended in time. */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const timeout = new AbortController();
  try {
    return await Promise.race([work.then(() => true), sleep(ms, timeout.signal).then(() => false)]);
  } finally {
    timeout.abort();
  }
}

/** Whether nothing is in a group's way that somebody has to clear. */
export function problemCheck({ problem }: GroupConsumer): ReturnType<HealthCheck> {
  return problem === undefined ? { ok: true } : { ok: false, detail: problem };
}

function healthChecks(group: GroupConsumer, stalled: () => string | undefined): HealthChecks {
  return {
    live: {
      fetching: () =>
        group.joined && group.idleMs > STUCK_AFTER_MS
          ? { ok: false, detail: `no fetch for ${Math.round(group.idleMs / 1000)} s` }
          : { ok: true },
    },
    ready: {
      group: () => (group.joined ? { ok: true } : { ok: false, detail: "not a member of the consumer group yet" }),
      readers: () => problemCheck(group),
      store: () => {
        const detail = stalled();
        return detail === undefined ? { ok: true } : { ok: false, detail };
      },
    },
  };
}
