import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { type ISocketFactory, Kafka, logLevel } from "kafkajs";
import { z } from "zod";
import { uniqueName, useStack } from "../../../scripts/testkit/index.ts";
import { loadConfig } from "../runtime/config.ts";
import { createLogger } from "../runtime/logger.ts";
import { createKafkaClient } from "./client.ts";
import { COMPRESSIONS } from "./codecs.ts";
import { kafkaConfigShape } from "./config.ts";
import { createSender, type Sender, type SenderConfig } from "./sender.ts";
import { fetchTopicRanges, readTopic } from "./topic-reader.ts";
import { ensureTopics } from "./topics.ts";

const logger = createLogger({ name: "test", level: "silent" });
const warnings: Error[] = [];
const onWarning = (warning: Error) => warnings.push(warning);
let kafka: Kafka;
const senders: Sender[] = [];

beforeAll(async () => {
  process.on("warning", onWarning);
  const { brokers } = await useStack();
  kafka = createKafkaClient(loadConfig(z.object(kafkaConfigShape), { KAFKA_BROKERS: brokers }), logger);
}, 120_000);
afterAll(async () => {
  process.off("warning", onWarning);
  await Promise.all(senders.map((sender) => sender.stop()));
});

async function topicWith(config: Record<string, string> = {}): Promise<string> {
  const topic = uniqueName("sender");
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin, [{ topic, partitions: 3, config }], 1);
  await admin.disconnect();
  return topic;
}

function senderOf(config: SenderConfig, onFailure?: () => void): Sender {
  const sender = createSender(config, { kafka, logger, ...(onFailure ? { onFailure } : {}) });
  senders.push(sender);
  return sender;
}

/** Sockets that lose the next answer and the connection with it when `line.cut` is set. */
function cuttable(line: { cut: boolean; cuts: number }): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, onConnect);
    const emit = socket.emit.bind(socket);
    socket.emit = (event: string | symbol, ...args: unknown[]) => {
      if (event !== "data" || !line.cut) return emit(event, ...args);
      line.cut = false;
      line.cuts++;
      socket.destroy();
      return emit("end");
    };
    return socket;
  };
}

async function valuesOf(topic: string): Promise<string[][]> {
  const admin = kafka.admin();
  await admin.connect();
  const ranges = await fetchTopicRanges(admin, topic);
  const values: string[][] = ranges.map(() => []);
  await readTopic(
    { kafka, admin },
    {
      topic,
      ranges,
      groupPrefix: "sender-test",
      stallMs: 10_000,
      onMessages: (partition, messages) => {
        for (const { value } of messages) values[partition]?.push(String(value));
      },
    },
  );
  await admin.disconnect();
  return values;
}

describe("sender", () => {
  for (const compression of COMPRESSIONS) {
    test(`${compression}: messages arrive in order in the partitions they were meant for`, async () => {
      const topic = await topicWith();
      const sender = senderOf({ topic, compression });
      const expected: string[][] = [[], [], []];
      for (let round = 0; round < 5; round++) {
        const batches = [0, 1, 2].map((partition) => {
          const values = Array.from({ length: 20 }, (_, i) => `${partition} ${round} ${i} ${"x".repeat(i * 10)}`);
          expected[partition]?.push(...values);
          return { partition, messages: values.map((value) => ({ key: "k", value })) };
        });
        const outcomes: string[] = [];
        await sender.send(batches, (messages, outcome) => outcomes.push(...messages.map(() => outcome)));
        expect(outcomes).toEqual(new Array<string>(60).fill("acknowledged"));
      }
      expect(await valuesOf(topic)).toEqual(expected);
    }, 30_000);
  }

  test("a message the broker refuses is singled out; all others arrive", async () => {
    const topic = await topicWith({ "max.message.bytes": "2000" });
    const sender = senderOf({ topic, retryMinMs: 1 });
    const message = (name: string, size: number) => ({ key: null, value: `${name}${"x".repeat(size)}` });
    const bad = message("bad", 3_000);
    const rest = ["a", "b", "c", "d"].map((name) => message(name, 10));
    const outcomes = new Map<unknown, string>();
    const batches = [
      { partition: 0, messages: [...rest.slice(0, 2), bad, ...rest.slice(2)] },
      { partition: 1, messages: [message("e", 10)] },
    ];
    await sender.send(batches, (messages, outcome) => {
      for (const one of messages) {
        expect(outcomes.has(one)).toBe(false);
        outcomes.set(one, outcome);
      }
    });
    expect(outcomes.size).toBe(6);
    expect([...outcomes].filter(([, outcome]) => outcome !== "acknowledged")).toEqual([[bad, "refused"]]);
    const [first = [], second = []] = await valuesOf(topic);
    expect(first).toEqual(rest.map(({ value }) => value));
    expect(new Set(second).size).toBe(1); // its request was repeated, so it may lie there twice
  }, 30_000);

  test("a missing topic is waited for; giving up leaves the messages unknown", async () => {
    let failures = 0;
    const sender = senderOf({ topic: uniqueName("absent"), retryMinMs: 1, retryMaxMs: 10 }, () => failures++);
    const abort = new AbortController();
    const outcomes: string[] = [];
    const sending = sender.send(
      [{ partition: 0, messages: [{ key: null, value: "v" }] }],
      (_, outcome) => outcomes.push(outcome),
      abort.signal,
    );
    await Bun.sleep(300);
    expect(outcomes).toEqual([]);
    abort.abort();
    await sending;
    expect(outcomes).toEqual(["unknown"]);
    expect(failures).toBeGreaterThan(0);
  }, 30_000);

  test("answers lost on the way: what was acknowledged is in the topic, once and in order", async () => {
    const topic = await topicWith();
    const { brokers } = await useStack();
    const line = { cut: false, cuts: 0 };
    const shaky = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING, socketFactory: cuttable(line) });
    let failures = 0;
    const sender = createSender({ topic, retryMinMs: 1 }, { kafka: shaky, logger, onFailure: () => failures++ });
    senders.push(sender);
    const expected: string[][] = [[], [], []];
    for (let round = 0; round < 30; round++) {
      line.cut = round % 3 === 2; // the broker writes these batches, and the client does not learn of it
      const batches = [0, 1, 2].map((partition) => {
        // All batches have one size: the broker tells them apart by their sequence numbers only.
        const values = [`${round} a`, `${round} b`];
        expected[partition]?.push(...values);
        return { partition, messages: values.map((value) => ({ key: null, value })) };
      });
      const outcomes: string[] = [];
      await sender.send(batches, (messages, outcome) => outcomes.push(...messages.map(() => outcome)));
      expect(outcomes).toEqual(new Array<string>(6).fill("acknowledged"));
    }
    expect(line.cuts).toBe(10);
    const values = await valuesOf(topic);
    // Copies are allowed after a producer was replaced; without that, the sequence numbers keep them out.
    if (failures === 0) expect(values).toEqual(expected);
    expect(values.map((one) => [...new Set(one)])).toEqual(expected);
  }, 60_000);

  test("two calls at once are refused: their sequence numbers would mix", async () => {
    const sender = senderOf({ topic: await topicWith() });
    const batches = [{ partition: 0, messages: [{ key: null, value: "v" }] }];
    const first = sender.send(batches, () => undefined);
    expect(sender.send(batches, () => undefined)).rejects.toThrow("one call at a time");
    await first;
  }, 30_000);

  test("the client raises no process warning", () => {
    // Unpatched, kafkajs sets a timer with a negative delay after every response: TimeoutNegativeWarning.
    expect(warnings).toEqual([]);
  });
});
