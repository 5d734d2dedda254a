import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../../scripts/testkit/index.ts";
import { fetchTopicRanges } from "../../shared/kafka/topic-reader.ts";
import { messageOf, type TestEvent, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";
import { watchOf } from "../testing/io.ts";

/** What transactions do to a topic: they hide messages while they are open, and leave offsets without a message. */

let fixture: OpsFixture;
beforeAll(async () => {
  fixture = await createOpsFixture("transactions");
}, 60_000);
afterAll(() => fixture.close());

const events = testEvents(40, Date.now() - 5_000);
const inPartition0 = (from: number, to: number) =>
  events.slice(from, to).map((event: TestEvent) => messageOf(event, { partition: 0 }));
const toKafka = (messages: readonly ReturnType<typeof messageOf>[]) =>
  messages.map(({ key = "k", value, partition = 0 }) => ({ key, value, partition }));

async function openTransaction(messages: readonly ReturnType<typeof messageOf>[]) {
  const producer = fixture.kafka.producer({
    transactionalId: crypto.randomUUID(),
    transactionTimeout: 600_000,
    maxInFlightRequests: 1,
    idempotent: true,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: fixture.config.KAFKA_EVENTS_TOPIC, acks: -1, messages: toKafka(messages) });
  return { transaction, close: () => producer.disconnect() };
}

/** The broker writes markers after it has answered. */
const untilStable = () =>
  waitFor(
    async () => {
      const ranges = await fetchTopicRanges(fixture.admin, fixture.config.KAFKA_EVENTS_TOPIC);
      return ranges.every(({ end, stable }) => end === stable);
    },
    { timeoutMs: 30_000, describe: "an end of the transaction" },
  );

test("what an open transaction hides is not proven; once it ends, its markers are no losses", async () => {
  const { proof, step } = watchOf(fixture);
  await fixture.produce(inPartition0(0, 5));
  await Bun.sleep(5);
  const openedMs = Date.now();
  const { transaction, close } = await openTransaction(inPartition0(5, 10));
  await fixture.produce(inPartition0(10, 15));
  await fixture.consume();

  const hidden = /partition 0: 10 messages hidden by an open transaction since \d{4}-/;
  for (const audit of [[], ["--audit"]]) {
    const run = await fixture.run(["verify", "--wait", "1s", ...audit]);
    expect(run.out).toMatch(hidden);
    expect(run.out).toMatch(/^NOT PROVEN/m);
    expect(run.code).toBe(3);
    // Retention may be accepted, messages that nobody has read may not.
    if (audit.length > 0)
      expect((await fixture.run(["verify", "--wait", "1s", ...audit, "--allow-unseen"])).code).toBe(3);
  }
  // The watch goes as far as messages are delivered, and proves nothing of what came later.
  await step();
  await step();
  expect(proof.partitions.get(0)).toMatchObject({ next: 5, difference: "" });
  expect(proof.partitions.get(0)?.provenUntilMs).toBeLessThan(openedMs);

  await transaction.abort();
  await close();
  await untilStable();
  // Nothing but the marker is left to read behind these: nobody need commit it.
  await fixture.consume();
  const endedMs = Date.now();
  await step();
  await step();
  expect(proof.partitions.get(0)?.provenUntilMs).toBeGreaterThanOrEqual(endedMs);
  const verify = await fixture.run(["verify", "--wait", "10s"]);
  expect(verify.out).toContain("partition 0: 5 offsets of markers and aborted messages");
  expect(verify.code).toBe(0);
  const audit = await fixture.run(["verify", "--audit", "--wait", "10s"]);
  expect(audit.out).toMatch(/markers and aborted messages +[56]/);
  expect(audit.code).toBe(0);

  const committed = await openTransaction(inPartition0(15, 20));
  await committed.transaction.commit();
  await committed.close();
  await untilStable();
  await fixture.produce(inPartition0(20, 25));
  await fixture.consume();
  const after = await fixture.run(["verify", "--wait", "10s"]);
  expect(after.out).toContain("partition 0: 7 offsets of markers and aborted messages");
  expect(after.code).toBe(0);
  expect((await fixture.run(["verify", "--audit", "--wait", "10s"])).code).toBe(0);
}, 180_000);

test("an aborted message that was stored all the same is found", async () => {
  const { transaction, close } = await openTransaction(inPartition0(30, 31));
  await transaction.abort();
  await close();
  await untilStable();
  await fixture.produce(inPartition0(31, 32));
  const { rows } = await fixture.consume();
  const [row] = rows;
  if (row === undefined) throw new Error("nothing was stored");
  await fixture.storeEvents([{ ...row, eventId: events[30]?.id ?? "", kafkaOffset: row.kafkaOffset - 2 }]);
  const audit = await fixture.run(["verify", "--audit", "--wait", "10s"]);
  expect(audit.out).toContain("surplus 1");
  expect(audit.code).toBe(1);
}, 120_000);
