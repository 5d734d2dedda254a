import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { useStack } from "../../scripts/testkit/index.ts";
import { type ConsumerFixture, createConsumerFixture, eventJson } from "./testing/fixture.ts";

let fixture: ConsumerFixture;
beforeAll(async () => {
  fixture = await createConsumerFixture(await useStack(), { partitions: 1 });
}, 90_000);
afterAll(() => fixture?.close());

const MIB = 1_048_576;
/** What the chart gives a consumer. */
const MEMORY_LIMIT_MIB = 512;
const BATCHES = 10;

/** The most memory a running process has ever held, MiB. */
function peakMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** One compressed batch. */
const sendBatch = (values: readonly (string | Buffer)[]) =>
  fixture.producer.send({
    topic: fixture.topic,
    acks: -1,
    compression: 1, // gzip
    messages: values.map((value) => ({ key: null, value, partition: 0 })),
  });

test("many batches that decompress to the limit are read a few at a time; their messages are dead letters", async () => {
  // About 25 KB each on the wire, so that one fetch answers with all of them: 240 MiB when decompressed.
  const value = Buffer.alloc(24 * MIB, 0x20);
  for (let i = 0; i < BATCHES; i++) await sendBatch([eventJson(), value, eventJson()]);
  const worker = await fixture.startAssigned();
  await fixture.untilCommitted(110_000);
  expect(peakMiB(worker.pid)).toBeLessThan(MEMORY_LIMIT_MIB);
  expect((await fixture.counts()).events).toBe(2 * BATCHES);
  const letters = await fixture.deadLetters();
  expect(letters.map((letter) => [letter.error_class, letter.kafka_offset])).toEqual(
    Array.from({ length: BATCHES }, (_, i) => ["too_large", String(3 * i + 1)]),
  );
  expect(await fixture.missingOffsets()).toBe(0);
  expect(await worker.kill()).toBe(0);
}, 120_000);

test("a batch beyond the limit ends the consumer, which names it; nothing around it is lost", async () => {
  const before = (await fixture.counts()).events;
  await sendBatch(Array.from({ length: 10 }, () => eventJson()));
  const bombAt = 3 * BATCHES + 10;
  await sendBatch([eventJson(), Buffer.alloc(600 * MIB, 0x20)]);
  await sendBatch(Array.from({ length: 10 }, () => eventJson()));

  for (let run = 0; run < 2; run++) {
    const worker = fixture.start();
    const line = await worker.waitForLog(({ json }) => json.code === "KAFKA_CORRUPT_BATCH", { timeoutMs: 60_000 });
    expect(line.text).toContain(`partition 0, offsets ${bombAt} to ${bombAt + 1}`);
    expect(line.text).toContain("more than 33554432 bytes");
    const skip = `ops skip --topic ${fixture.topic} --partition 0 --from ${bombAt} --to ${bombAt + 1}`;
    expect(String(line.json.next)).toContain(skip);
    expect(await worker.exited).toBe(1);
  }
  // What precedes the bomb was stored, although it came in the same fetch.
  expect((await fixture.counts()).events - before).toBe(10);

  const beyond = [{ partition: 0, offset: String(bombAt + 2) }];
  await fixture.admin.setOffsets({ groupId: fixture.name, topic: fixture.topic, partitions: beyond });
  const worker = await fixture.startAssigned();
  await fixture.untilCommitted();
  expect((await fixture.counts()).events - before).toBe(20);
  // Whoever gave the batch up did so knowingly, and it shows for ever: its two messages were never received.
  expect(await fixture.missingOffsets()).toBe(2);
  expect(await worker.kill()).toBe(0);
}, 180_000);
