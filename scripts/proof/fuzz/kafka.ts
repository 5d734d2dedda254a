import fc from "fast-check";
import { COMPRESSIONS, compressionType, registerCodecs } from "../../../workers/shared/kafka/codecs.ts";
import type { RunningWorker } from "../../testkit/index.ts";
import { waitFor } from "../../testkit/process/wait-for.ts";
import { type FuzzMessage, messages } from "./generators/messages.ts";
import { type Ranges, RoundCheck, type Sent } from "./kafka-check.ts";
import { memoryMiB, type Target } from "./kafka-target.ts";
import { type FuzzOptions, MAX_FAILURES, type PartResult, Tally } from "./progress.ts";

/** Messages of a round; then all of them are looked up. A round's messages depend on seed and number alone, but for times. */
const ROUND = 10_000;
/** Nothing committed for this long is a stall, ms. */
const STALL_MS = 120_000;
/** What the chart allows a consumer. */
const MEMORY_LIMIT_MIB = 512;
/** Of one request to one partition, as sent. */
const MAX_REQUEST_BYTES = 4_000_000;

/**
 * Sends messages of every kind, mixed with valid ones, to a real broker in large batches; a running consumer stores them or
 * sets them aside. After each round every message is looked up and compared with the oracle's opinion.
 */
export async function fuzzKafka(target: Target, { seed, cases, log }: FuzzOptions): Promise<PartResult> {
  const began = performance.now();
  const tally = new Tally();
  const failures: string[] = [];
  registerCodecs();
  const producer = target.kafka.producer({ allowAutoTopicCreation: false, idempotent: true });
  await producer.connect();
  const consumer = target.start("consumer", [], {});
  await consumer.waitForLog(({ json }) => json.msg === "assigned" && json.group === target.name);
  let done = 0;
  const ends = Array.from({ length: target.partitions }, () => 0);
  for (let round = 0; done < cases && failures.length === 0; round++) {
    const count = Math.min(ROUND, cases - done);
    const made = withCopies(fc.sample(messages(Date.now(), { large: true }), { seed: seed + round, numRuns: count }));
    const from = [...ends];
    const sent: Sent[] = [];
    for (const { partition, codec, group } of batches(made, target.partitions)) {
      const start = ends[partition] ?? 0;
      sent.push(...group.map((message, i) => ({ message, partition, offset: start + i })));
      ends[partition] = start + group.length;
      const values = group.map(({ key, value, headers }) => ({ key, value, headers: { ...headers }, partition }));
      await producer.send({ topic: target.topic, acks: -1, compression: compressionType(codec), messages: values });
    }
    await untilCommitted(target, consumer);
    const ranges: Ranges = ends.map((end, partition) => ({ partition, from: from[partition] ?? 0, end }));
    const check = new RoundCheck(target, ranges, tally);
    await check.run(sent);
    failures.push(...check.failures, ...complaints(consumer));
    done += count;
    const { now, peak } = await memoryMiB(consumer.pid);
    log(
      `kafka ${done.toLocaleString("en")}/${cases.toLocaleString("en")}; consumer ${now} MiB, peak ${peak}; ${tally}`,
    );
  }
  const { peak } = await memoryMiB(consumer.pid);
  if (peak > MEMORY_LIMIT_MIB) failures.push(`the consumer took ${peak} MiB, more than ${MEMORY_LIMIT_MIB}`);
  await producer.disconnect();
  const code = await consumer.kill("SIGTERM");
  if (code !== 0) failures.push(`the consumer ended with ${code}`);
  return {
    part: "kafka",
    cases: done,
    seconds: (performance.now() - began) / 1000,
    figures: { ...tally.figures, "consumer peak MiB": peak },
    failures: failures.slice(0, MAX_FAILURES),
  };
}

/** Every fortieth message is a copy of an earlier one, near or far, in whatever partition it comes to lie. */
function withCopies(made: readonly FuzzMessage[]): FuzzMessage[] {
  return made.map((message, i) =>
    i % 40 === 39 ? (made[(Math.imul(i, 2_654_435_761) >>> 0) % i] ?? message) : message,
  );
}

/** The messages in requests of random length, each to one partition and in one compression; both follow from the contents. */
function* batches(made: readonly FuzzMessage[], partitions: number) {
  let group: FuzzMessage[] = [];
  let bytes = 0;
  let number = 0;
  const flush = () => {
    const result = {
      partition: number % partitions,
      codec: COMPRESSIONS[number % COMPRESSIONS.length] ?? "none",
      group,
    };
    number++;
    group = [];
    bytes = 0;
    return result;
  };
  for (const message of made) {
    const size = (message.value?.length ?? 0) + 200;
    if (group.length > 0 && bytes + size > MAX_REQUEST_BYTES) yield flush();
    group.push(message);
    bytes += size;
    // Mostly large batches, some of a single message.
    if (group.length >= 1 + ((number * 7919) % 1_500)) yield flush();
  }
  if (group.length > 0) yield flush();
}

/** Waits as long as there is progress. @throws {Error} when the consumer ends or commits nothing for {@link STALL_MS}. */
async function untilCommitted(target: Target, consumer: RunningWorker): Promise<void> {
  let left = Number.POSITIVE_INFINITY;
  while (left > 0) {
    const before = left;
    left = await waitFor(
      async () => {
        if (consumer.exitCode !== null) {
          throw new Error(`the consumer ended with ${consumer.exitCode}:\n${lastLines(consumer)}`);
        }
        const now = await target.uncommitted();
        return now < before || now === 0 ? { now } : undefined;
      },
      { timeoutMs: STALL_MS, intervalMs: 100, describe: () => `progress of the consumer:\n${lastLines(consumer)}` },
    ).then(({ now }) => now);
  }
}

const lastLines = (worker: RunningWorker) =>
  worker.logs
    .slice(-10)
    .map(({ text }) => text)
    .join("\n");

/** Whatever a worker logged as an error, except what it got over by itself: bad input is none. */
function complaints(worker: RunningWorker): string[] {
  const isError = (json: Readonly<Record<string, unknown>>) => json.level === "error" || json.level === "fatal";
  return worker.logs.filter(({ json }) => isError(json) && json.restart !== true).map(({ text }) => text);
}
