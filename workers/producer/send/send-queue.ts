import type { PartitionBatch, Sender, SentTo } from "../../shared/kafka/sender.ts";
import type { Clock } from "../../shared/runtime/clock.ts";
import type { Outcome, Outgoing } from "./outgoing.ts";

export type SendQueueConfig = {
  /** Partitions of the topic. */
  partitions: number;
  /** A request is sent at the latest when its oldest message has waited this long, ms. */
  lingerMs: number;
  /** Most messages of one request. */
  batchEvents: number;
  /** Most bytes of one partition in one request; below the broker's `max.message.bytes`. */
  batchBytes: number;
  /** Bound of all that is not settled yet, waiting or under way. */
  maxEvents: number;
  maxBytes: number;
};

export type SendQueueDeps = {
  /** One lane each; a partition always takes the same lane, which keeps the order of its messages. */
  senders: readonly Sender[];
  clock: Clock;
  partitionOf: (message: Outgoing) => number;
  /** Told the fate of every message, in batches. */
  onSettled: (messages: readonly Outgoing[], outcome: Outcome, sentTo?: SentTo) => void;
  /** Told of every finished request: its duration in ms. */
  onRequest?: (durationMs: number, messages: number) => void;
};

/** How much is neither acknowledged nor given up. */
export type Fill = { readonly events: number; readonly bytes: number };

/** The bounded buffer before Kafka: see {@link createSendQueue}. */
export type SendQueue = {
  /** Takes a message, or refuses it when the buffer is full or closed. */
  offer(message: Outgoing): boolean;
  /** Takes all of them or none: see `offer`. */
  offerAll(messages: readonly Outgoing[]): boolean;
  /** Resolves when there is room again (at once if there is), or when the queue is closed. */
  room(): Promise<void>;
  fill(): Fill;
  /** Takes no more; resolves when everything is settled. False when a sender failed: then the fate of some is not known. */
  close(): Promise<boolean>;
  /** Gives up what is left: what is under way becomes `unknown`, the rest `unsent`. */
  abort(): void;
  /** Rejects when a sender fails for another reason than Kafka. Never resolves. */
  readonly failed: Promise<never>;
};

type Lane = {
  readonly sender: Sender;
  readonly waiting: Map<number, Outgoing[]>;
  events: number;
  /** When the first message since the last request came, Unix ms. */
  since: number;
  sending: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
};

/**
 * Collects messages into requests and sends them, one request at a time per lane. While a request is under way the next
 * one grows, so that requests get larger as the load rises.
 */
export function createSendQueue(config: SendQueueConfig, deps: SendQueueDeps): SendQueue {
  const lanes = deps.senders.map(
    (sender): Lane => ({ sender, waiting: new Map(), events: 0, since: 0, sending: false, timer: undefined }),
  );
  const giveUp = new AbortController();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined); // whoever awaits it sees it; nobody has to
  let events = 0;
  let bytes = 0;
  let closed = false;
  let broken = false;
  const roomWaiters: (() => void)[] = [];
  const emptyWaiters: (() => void)[] = [];

  const wake = (waiters: (() => void)[]) => {
    for (const resolve of waiters) resolve();
  };

  const settle = (messages: readonly Outgoing[], outcome: Outcome, sentTo?: SentTo) => {
    events -= messages.length;
    for (const message of messages) bytes -= message.sizeBytes;
    deps.onSettled(messages, outcome, sentTo);
    for (const message of messages) message.settled?.(outcome);
    // Sources resume at three quarters, not at every freed slot.
    if (roomWaiters.length > 0 && events <= config.maxEvents * 0.75 && bytes <= config.maxBytes * 0.75) {
      wake(roomWaiters.splice(0));
    }
    if (events === 0) wake(emptyWaiters.splice(0));
  };

  const isDue = (lane: Lane) =>
    closed || lane.events >= config.batchEvents || deps.clock.now() - lane.since >= config.lingerMs;

  const pump = async (lane: Lane): Promise<void> => {
    lane.sending = true;
    while (lane.events > 0 && isDue(lane) && !giveUp.signal.aborted) {
      const batches = take(lane, config);
      lane.since = deps.clock.now();
      const began = performance.now();
      await lane.sender.send(batches, settle, giveUp.signal);
      deps.onRequest?.(
        performance.now() - began,
        batches.reduce((sum, { messages }) => sum + messages.length, 0),
      );
    }
    lane.sending = false;
    schedule(lane);
  };

  const schedule = (lane: Lane) => {
    if (lane.sending || lane.events === 0) return;
    if (giveUp.signal.aborted) return settle(takeAll(lane), "unsent");
    if (isDue(lane)) {
      clearTimeout(lane.timer);
      lane.timer = undefined;
      pump(lane).catch(breakDown);
    } else if (lane.timer === undefined) {
      const delay = Math.max(1, lane.since + config.lingerMs - deps.clock.now());
      lane.timer = setTimeout(() => {
        lane.timer = undefined;
        schedule(lane);
      }, delay);
    }
  };

  const breakDown = (error: unknown) => {
    broken = true;
    closed = true;
    failure.reject(error);
    wake(roomWaiters.splice(0));
    wake(emptyWaiters.splice(0));
  };

  const hasRoom = () => events < config.maxEvents && bytes < config.maxBytes;

  const enqueue = (message: Outgoing) => {
    const partition = deps.partitionOf(message);
    const lane = lanes[partition % lanes.length];
    if (!lane) throw new Error("a send queue needs a sender");
    const waiting = lane.waiting.get(partition);
    if (waiting) waiting.push(message);
    else lane.waiting.set(partition, [message]);
    if (lane.events++ === 0) lane.since = deps.clock.now();
    events++;
    bytes += message.sizeBytes;
    if (!lane.sending && (lane.timer === undefined || lane.events >= config.batchEvents)) schedule(lane);
  };

  return {
    failed: failure.promise,
    offer(message) {
      if (closed || !hasRoom()) return false;
      enqueue(message);
      return true;
    },
    offerAll(messages) {
      // The bytes may exceed their bound by one call's worth, so that a large call is not refused for ever.
      if (closed || !hasRoom() || events + messages.length > config.maxEvents) return false;
      for (const message of messages) enqueue(message);
      return true;
    },
    room: () => (hasRoom() || closed ? Promise.resolve() : new Promise((resolve) => roomWaiters.push(resolve))),
    fill: () => ({ events, bytes }),
    async close() {
      closed = true;
      wake(roomWaiters.splice(0));
      for (const lane of lanes) schedule(lane);
      if (events > 0 && !broken) await new Promise<void>((resolve) => emptyWaiters.push(resolve));
      return !broken;
    },
    abort() {
      closed = true;
      giveUp.abort();
      wake(roomWaiters.splice(0));
      for (const lane of lanes) schedule(lane);
    },
  };
}

/** Takes the next request from a lane: per partition up to `batchBytes`, together up to `batchEvents` (rounded up). */
function take(lane: Lane, { batchBytes, batchEvents }: SendQueueConfig): PartitionBatch<Outgoing>[] {
  const batches: PartitionBatch<Outgoing>[] = [];
  const share = Math.max(1, Math.ceil(batchEvents / Math.max(1, lane.waiting.size)));
  for (const [partition, waiting] of lane.waiting) {
    const count = fitting(waiting, share, batchBytes);
    const whole = count === waiting.length;
    if (whole) lane.waiting.delete(partition);
    batches.push({ partition, messages: whole ? waiting : waiting.splice(0, count) });
    lane.events -= count;
  }
  return batches;
}

/** How many messages from the front fit into both limits; at least one. */
function fitting(messages: readonly Outgoing[], maxCount: number, maxBytes: number): number {
  let count = 0;
  let bytes = 0;
  for (const message of messages) {
    bytes += message.sizeBytes + RECORD_OVERHEAD;
    if (count > 0 && (count >= maxCount || bytes > maxBytes)) break;
    count++;
  }
  return count;
}

/** Roughly what Kafka adds to a record: lengths, deltas and the header with the instance's name, bytes. */
const RECORD_OVERHEAD = 80;

function takeAll(lane: Lane): Outgoing[] {
  const all = [...lane.waiting.values()].flat();
  lane.waiting.clear();
  lane.events = 0;
  return all;
}
