import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { PartitionBatch, Sender, SendMessage, Settle } from "../../shared/kafka/sender.ts";
import type { Outcome, Outgoing } from "./outgoing.ts";
import { createSendQueue, type SendQueueConfig } from "./send-queue.ts";

/** What a lane hands on: one call at a time, finished by the test. */
type Call = { readonly batches: readonly PartitionBatch<SendMessage>[]; finish(outcome?: Outcome): Promise<void> };

/** The port behind the queue, under the test's control; Kafka itself is behind it in the integration tests. */
function port(calls: Call[]): Sender {
  return {
    name: "port",
    connect: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    send: <M extends SendMessage>(batches: readonly PartitionBatch<M>[], settle: Settle<M>, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        let settled = false;
        const end = (outcome: "acknowledged" | "unknown") => {
          if (settled) return;
          settled = true;
          for (const { messages } of batches) settle(messages, outcome);
          resolve();
        };
        signal?.addEventListener("abort", () => end("unknown"));
        const finish = async () => {
          end("acknowledged");
          await turns();
        };
        calls.push({ batches, finish });
      }),
  };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

function setup(overrides: Partial<SendQueueConfig> = {}, lanes = 1) {
  const calls: Call[] = [];
  const outcomes = new Map<string, Outcome>();
  const order: string[] = [];
  const config = { partitions: 4, lingerMs: 0, batchEvents: 100, batchBytes: 10_000, maxEvents: 8, maxBytes: 10_000 };
  const queue = createSendQueue(
    { ...config, ...overrides },
    {
      senders: Array.from({ length: lanes }, () => port(calls)),
      clock: { now: () => 0 },
      partitionOf: ({ key }) => Number(key),
      onSettled: (messages, outcome) => {
        for (const { value } of messages) {
          outcomes.set(String(value), outcome);
          order.push(String(value));
        }
      },
    },
  );
  return { queue, calls, outcomes, order };
}

function message(id: number, partition = 0, sizeBytes = 10): Outgoing {
  return { key: String(partition), value: String(id), kind: "event", sizeBytes };
}

describe("send queue", () => {
  test("refuses what exceeds its bound and takes more after three quarters are left", async () => {
    const { queue, calls } = setup();
    for (let id = 0; id < 8; id++) expect(queue.offer(message(id))).toBe(true);
    expect(queue.offer(message(8))).toBe(false);
    expect(queue.fill()).toEqual({ events: 8, bytes: 80 });
    let woken = false;
    const room = queue.room().then(() => {
      woken = true;
    });
    await calls[0]?.finish(); // the first message went alone, the others collected behind it
    expect(woken).toBe(false);
    await calls[1]?.finish();
    await room;
    expect(queue.fill()).toEqual({ events: 0, bytes: 0 });
    expect(queue.offer(message(9))).toBe(true);
  });

  test("bounds bytes, too", () => {
    const { queue } = setup({ maxBytes: 25 });
    expect([1, 2, 3].map((id) => queue.offer(message(id)))).toEqual([true, true, true]);
    expect(queue.offer(message(4))).toBe(false);
  });

  test("takes a batch as a whole or not at all", () => {
    const { queue } = setup();
    expect(queue.offerAll([1, 2, 3, 4, 5].map((id) => message(id)))).toBe(true);
    expect(queue.offerAll([6, 7, 8, 9].map((id) => message(id)))).toBe(false);
    expect(queue.fill().events).toBe(5);
    expect(queue.offerAll([6, 7, 8].map((id) => message(id)))).toBe(true);
  });

  test("a request has at most batchBytes of a partition, but at least one message", async () => {
    const { queue, calls } = setup({ batchBytes: 250 });
    for (let id = 0; id < 4; id++) queue.offer(message(id, 0, 60));
    queue.offer(message(9, 1, 5_000));
    await calls[0]?.finish();
    expect(calls[1]?.batches.map(({ messages }) => messages.map(({ value }) => value))).toEqual([["1"], ["9"]]);
  });

  test("close waits for all, and nothing is taken afterwards", async () => {
    const { queue, calls, outcomes } = setup({ lingerMs: 60_000 });
    for (let id = 0; id < 3; id++) queue.offer(message(id));
    expect(calls).toEqual([]); // lingering
    const closed = queue.close();
    expect(queue.offer(message(3))).toBe(false);
    await calls[0]?.finish();
    await closed;
    expect([...outcomes]).toEqual([0, 1, 2].map((id) => [String(id), "acknowledged"]));
  });

  test("abort: what is under way is unknown, the rest is unsent", async () => {
    const { queue, outcomes } = setup();
    for (let id = 0; id < 3; id++) queue.offer(message(id));
    const closed = queue.close();
    queue.abort();
    await closed;
    expect(Object.fromEntries(outcomes)).toEqual({ "0": "unknown", "1": "unsent", "2": "unsent" });
  });

  test("a sender that fails for good ends the queue: nobody waits for ever, and close says so", async () => {
    const bug = new TypeError("bug");
    const sender = { ...port([]), send: () => Promise.reject(bug) };
    const queue = createSendQueue(
      { partitions: 1, lingerMs: 0, batchEvents: 1, batchBytes: 100, maxEvents: 1, maxBytes: 100 },
      { senders: [sender], clock: { now: () => 0 }, partitionOf: () => 0, onSettled: () => undefined },
    );
    queue.offer(message(1));
    await queue.room();
    expect(queue.offer(message(2))).toBe(false);
    expect(await queue.close()).toBe(false);
    await expect(queue.failed).rejects.toBe(bug);
  });

  test("whatever the load: every message is settled once, in order within its partition", async () => {
    const load = fc.array(fc.record({ partition: fc.nat(3), size: fc.integer({ min: 1, max: 90 }) }), {
      maxLength: 80,
    });
    await fc.assert(
      fc.asyncProperty(load, fc.integer({ min: 1, max: 3 }), fc.array(fc.nat(3)), async (messages, lanes, picks) => {
        const { queue, calls, order, outcomes } = setup({ maxEvents: 1_000, batchBytes: 300, batchEvents: 7 }, lanes);
        messages.forEach(({ partition, size }, id) => {
          expect(queue.offer(message(id, partition, size))).toBe(true);
        });
        const closed = queue.close();
        for (let step = 0; queue.fill().events > 0; step++) {
          const at = (picks[step % Math.max(1, picks.length)] ?? 0) % calls.length;
          await calls.splice(at, 1)[0]?.finish();
        }
        await closed;
        expect(order.length).toBe(messages.length);
        expect(outcomes.size).toBe(messages.length);
        for (let partition = 0; partition < 4; partition++) {
          const ids = order.map(Number).filter((id) => messages[id]?.partition === partition);
          expect(ids).toEqual([...ids].sort((a, b) => a - b));
        }
      }),
    );
  });
});
