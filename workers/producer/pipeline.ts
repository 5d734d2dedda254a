import type { Kafka } from "../shared/kafka/client.ts";
import { partitionOf } from "../shared/kafka/partitioner.ts";
import { createSender, type SenderDeps, type SentTo } from "../shared/kafka/sender.ts";
import { waitForTopics } from "../shared/kafka/wait-for-topic.ts";
import type { Clock } from "../shared/runtime/clock.ts";
import type { Scope } from "../shared/runtime/lifecycle.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { sleep } from "../shared/runtime/sleep.ts";
import type { ProducerConfig } from "./config.ts";
import { createLedger } from "./ledger/ledger.ts";
import { type LedgerWriter, type PublishedLedger, startLedgerWriter } from "./ledger/ledger-writer.ts";
import { createMessageLedger } from "./ledger/message-ledger.ts";
import { countSettled, type ProducerMetrics } from "./metrics.ts";
import type { Outcome, Outgoing } from "./send/outgoing.ts";
import { createSendQueue, type SendQueue } from "./send/send-queue.ts";
import { createTally, type Tally } from "./tally.ts";

export type PipelineDeps = {
  kafka: Kafka;
  logger: Logger;
  clock: Clock;
  metrics: ProducerMetrics;
  scope: Scope;
};

/** The way from a source to Kafka, ready to take messages. */
export type Pipeline = {
  readonly queue: SendQueue;
  readonly tally: Tally;
  /** Rejects on what is no failure of Kafka. */
  readonly failed: Promise<never>;
  /**
   * Takes no more, waits for what is under way (at most `graceMs`), then closes the ledger.
   * True when every message was acknowledged or refused and the ledger is closed.
   */
  finish(graceMs: number): Promise<boolean>;
};

/** Connects to Kafka (for as long as it takes), opens the ledger, and starts the send queue. */
export async function startPipeline(
  config: ProducerConfig,
  ledgerOf: { instance: string; startedAtMs: number },
  deps: PipelineDeps,
): Promise<Pipeline> {
  const { kafka, logger, clock, metrics, scope } = deps;
  const topics = [config.KAFKA_EVENTS_TOPIC, config.KAFKA_LEDGER_TOPIC];
  const partitions = await waitForTopics(config, { logger }, topics);
  const senderDeps = { kafka, logger, onFailure: () => metrics.sendFailures.inc() };

  const eventPartitions = partitions.get(config.KAFKA_EVENTS_TOPIC) ?? 1;
  const eventsTopic = { topic: config.KAFKA_EVENTS_TOPIC, compression: config.KAFKA_COMPRESSION };
  const lanes = Array.from({ length: Math.min(config.SEND_LANES, eventPartitions) });
  const senders = lanes.map(() => scope.add(createSender(eventsTopic, senderDeps)));
  await Promise.all(senders.map((sender) => sender.connect()));

  // Last of all that can take long: an instance that is stopped before it could send leaves no open ledger behind.
  const ledger = config.SOURCE === "simulator" ? eventsLedger(ledgerOf.instance) : messagesLedger();
  const opening = openLedger(config, ledgerOf, ledger, partitions, senderDeps, deps);
  let finishing = false;
  scope.add({
    name: "ledger",
    // Stopped before it was given to anybody: what was opened is closed while its connection lasts.
    stop: async () => {
      if (!finishing) await closeUnused(opening, config.SHUTDOWN_GRACE_MS);
    },
  });
  const writer = await opening;

  const tally = createTally();
  const queue = createSendQueue(
    {
      partitions: eventPartitions,
      lingerMs: config.SEND_LINGER_MS,
      batchEvents: config.SEND_BATCH_EVENTS,
      batchBytes: config.SEND_BATCH_BYTES,
      maxEvents: config.BUFFER_EVENTS,
      maxBytes: config.BUFFER_BYTES,
    },
    {
      senders,
      clock,
      partitionOf: createPartitioner(eventPartitions),
      onSettled: (messages, outcome, sentTo) => {
        countSettled(metrics, messages, outcome);
        tally.settled(messages, outcome);
        ledger.settle(messages, outcome, sentTo);
      },
      onRequest: (durationMs) => metrics.sendSeconds.observe(durationMs / 1000),
    },
  );
  const finish = async (graceMs: number) => {
    finishing = true;
    const deadline = AbortSignal.timeout(graceMs);
    deadline.addEventListener("abort", () => queue.abort(), { once: true });
    const settled = await queue.close();
    const closed = settled && (await writer.close(deadline));
    if (!closed) logger.error("the ledger could not be closed: it stays open until an audit has passed");
    const { unknown, unsent } = tally.counts();
    return closed && unknown + unsent === 0;
  };
  return { queue, tally, failed: Promise.race([queue.failed, writer.failed]), finish };
}

/** Waits for the ledger to be open and closes it; gives up after `graceMs`, or when it could not be opened. */
async function closeUnused(opening: Promise<LedgerWriter>, graceMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(graceMs);
  const writer = await Promise.race([opening.catch(() => undefined), sleep(graceMs)]);
  await writer?.close(deadline);
}

function openLedger(
  config: ProducerConfig,
  ledgerOf: { instance: string; startedAtMs: number },
  ledger: PublishedLedger,
  partitions: ReadonlyMap<string, number>,
  senderDeps: SenderDeps,
  { scope, clock, metrics }: PipelineDeps,
): Promise<LedgerWriter> {
  const sender = scope.add(createSender({ topic: config.KAFKA_LEDGER_TOPIC }, senderDeps));
  const ledgerPartitions = partitions.get(config.KAFKA_LEDGER_TOPIC) ?? 1;
  return startLedgerWriter(
    { ...ledgerOf, partitions: ledgerPartitions, intervalMs: config.LEDGER_INTERVAL_MS },
    { ledger, sender, clock, onPublish: (records) => metrics.ledgerRecords.inc(records) },
  );
}

type SettledLedger = PublishedLedger & {
  settle(messages: readonly Outgoing[], outcome: Outcome, sentTo: SentTo | undefined): void;
};

/** Of events that this instance makes itself: distinct ids per minute, source and type. */
function eventsLedger(instance: string): SettledLedger {
  const ledger = createLedger(instance);
  return {
    takeChanges: ledger.takeChanges,
    totals: ledger.totals,
    settle: (messages, outcome) => {
      for (const { fact } of messages) if (fact) ledger.settle(fact, outcome);
    },
  };
}

/** Of messages that others made. */
function messagesLedger(): SettledLedger {
  const ledger = createMessageLedger();
  return {
    totals: ledger.totals,
    settle: (messages, outcome, sentTo) => ledger.settle(messages.length, outcome, sentTo),
  };
}

/** By key as Kafka's own clients do; messages without a key take turns. */
function createPartitioner(partitions: number): (message: Outgoing) => number {
  let turn = 0;
  return ({ key }) => {
    if (key === null) return turn++ % partitions;
    return partitionOf(typeof key === "string" ? Buffer.from(key) : key, partitions);
  };
}
