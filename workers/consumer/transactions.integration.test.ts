import { afterAll, beforeAll, expect, test } from "bun:test";
import { useStack, waitFor } from "../../scripts/testkit/index.ts";
import { type ConsumerFixture, createConsumerFixture, events, metric } from "./testing/fixture.ts";

let fixture: ConsumerFixture;
beforeAll(async () => {
  fixture = await createConsumerFixture(await useStack(), { partitions: 1 });
}, 90_000);
afterAll(() => fixture.close(), 30_000);

test("markers and aborted messages are remembered before they are committed, and hidden messages are no lag", async () => {
  const producer = fixture.kafka.producer({
    transactionalId: fixture.name,
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  const send = async (count: number) => {
    const transaction = await producer.transaction();
    const messages = events(count, 1).map(({ key = "k", value }) => ({ key, value }));
    await transaction.send({ topic: fixture.topic, acks: -1, messages });
    return transaction;
  };
  const consumer = await fixture.startAssigned();
  await fixture.produce(events(3, 1));
  await (await send(2)).commit();
  const open = await send(4);
  await fixture.produce(events(5, 1));

  const hidden = 'countinghouse_consumer_hidden_messages{partition="0"}';
  await waitFor(async () => (await metric(consumer, hidden)) === 9, {
    timeoutMs: 60_000,
    describe: "9 hidden messages",
  });
  expect(await metric(consumer, 'countinghouse_consumer_lag_messages{partition="0"}')).toBe(0);
  await open.abort();
  await fixture.untilCommitted();
  expect(await fixture.counts()).toMatchObject({ events: 10, ids: 10 });
  const rows = await fixture.clickhouse.query<{ kind: string; offsets: string }>(
    "SELECT kind, sum(last_offset - first_offset + 1) AS offsets FROM offsets_without_message FINAL GROUP BY kind",
  );
  // A marker after two, four aborted messages with their marker.
  expect(rows).toEqual([{ kind: "transaction", offsets: "6" }]);
  expect(await metric(consumer, 'countinghouse_consumer_offset_gaps_total{reason="hole"}')).toBe(0);
  await producer.disconnect();
  expect(await consumer.kill()).toBe(0);
}, 120_000);
