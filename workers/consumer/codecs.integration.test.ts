import { afterAll, beforeAll, expect, test } from "bun:test";
import { useStack } from "../../scripts/testkit/index.ts";
import { type ConsumerFixture, createConsumerFixture, eventJson } from "./testing/fixture.ts";

let fixture: ConsumerFixture;
let brokers: string;
beforeAll(async () => {
  const stack = await useStack();
  brokers = stack.brokers;
  fixture = await createConsumerFixture(stack, { partitions: 1 });
}, 90_000);
afterAll(() => fixture?.close());

const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"];
const PER_CODEC = 2_000;

/** A foreign producer (librdkafka): one compressed batch or few. */
async function produceByKcat(codec: string): Promise<void> {
  const settings = ["linger.ms=100", "batch.num.messages=10000"].flatMap((setting) => ["-X", setting]);
  // The second header has no value at all.
  const headers = ["-H", "x-trace=t1", "-H", "x-empty"];
  const kcat = Bun.spawn(
    ["kcat", "-P", "-b", brokers, "-t", fixture.topic, "-p", "0", "-z", codec, ...settings, ...headers],
    { stdin: "pipe", stdout: "ignore", stderr: "inherit" },
  );
  // Large enough for several blocks of a codec; the last one is a dead letter.
  const events = Array.from({ length: PER_CODEC - 1 }, (_, i) => eventJson({ note: "payload ".repeat(i % 50) }));
  kcat.stdin.write([...events, `{"not": "an event", "codec": "${codec}"}`].join("\n"));
  kcat.stdin.end();
  expect(await kcat.exited).toBe(0);
}

test.skipIf(Bun.which("kcat") === null)(
  "batches of a foreign producer are read in every compression, headers without a value too",
  async () => {
    for (const codec of CODECS) await produceByKcat(codec);
    const worker = await fixture.startAssigned();
    await fixture.untilCommitted();
    const expected = CODECS.length * (PER_CODEC - 1);
    expect(await fixture.counts()).toMatchObject({ events: expected, ids: expected });
    expect(await fixture.deadLetters()).toHaveLength(CODECS.length);
    expect(await fixture.missingOffsets()).toBe(0);
    expect(await worker.kill()).toBe(0);
  },
  120_000,
);
