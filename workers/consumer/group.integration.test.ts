import { afterEach, beforeEach, expect, test } from "bun:test";
import { useStack, waitFor } from "../../scripts/testkit/index.ts";
import { type ConsumerFixture, createConsumerFixture, events, metric } from "./testing/fixture.ts";

let fixture: ConsumerFixture;
beforeEach(async () => {
  fixture = await createConsumerFixture(await useStack(), { partitions: 6 });
}, 90_000);
afterEach(() => fixture?.close(), 30_000);

test("1 to 3 to 1 consumers under load: exact", async () => {
  let produced = 0;
  let load = true;
  const loading = (async () => {
    while (load) {
      await fixture.produce(events(300, 6));
      produced += 300;
      await Bun.sleep(50);
    }
  })();
  const memberCount = async () => (await fixture.admin.describeGroups([fixture.name])).groups[0]?.members.length;
  const first = await fixture.startAssigned();
  const second = await fixture.startAssigned();
  const third = await fixture.startAssigned();
  await waitFor(async () => (await memberCount()) === 3, { describe: "three members" });
  const stored = async () => (await fixture.counts()).events;
  const atThree = await stored();
  await waitFor(async () => (await stored()) > atThree + 1_000, { describe: "progress with three members" });
  expect(await third.kill()).toBe(0);
  // One goes without a word, as a killed pod does.
  await second.kill("SIGKILL");
  await waitFor(async () => (await memberCount()) === 1, { timeoutMs: 60_000, describe: "one member" });
  const atOne = await stored();
  await waitFor(async () => (await stored()) > atOne + 1_000, {
    timeoutMs: 60_000,
    describe: "progress with one member",
  });
  load = false;
  await loading;
  await fixture.untilCommitted();
  expect(await fixture.counts()).toMatchObject({ events: produced, ids: produced });
  expect(await fixture.missingOffsets()).toBe(0);
  expect(await metric(first, "countinghouse_consumer_rebalances_total")).toBeGreaterThan(0);
  expect(await metric(first, 'countinghouse_consumer_offset_gaps_total{reason="hole"}')).toBe(0);
  expect(await first.kill()).toBe(0);
}, 180_000);

test("messages deleted before they were read are a metric and an error, and the rest is read", async () => {
  await fixture.produce(events(60, 6));
  const first = await fixture.startAssigned();
  await fixture.untilCommitted();
  expect(await first.kill()).toBe(0);

  await fixture.produce(events(120, 6));
  await fixture.admin.deleteTopicRecords({ topic: fixture.topic, partitions: [{ partition: 2, offset: "17" }] });
  const second = await fixture.startAssigned();
  await fixture.untilCommitted();
  expect(await fixture.counts()).toMatchObject({ events: 173, ids: 173 });
  expect(await metric(second, 'countinghouse_consumer_offset_gaps_total{reason="retention"}')).toBe(1);
  expect(await metric(second, 'countinghouse_consumer_offset_gap_messages_total{reason="retention"}')).toBe(7);
  const logged = second.logs.find(({ json }) => json.reason === "retention");
  expect(logged?.json).toMatchObject({ level: "error", partition: 2, from: 10, to: 17 });
  expect(await second.kill()).toBe(0);
}, 120_000);

test("offsets that the client gave up in an earlier life are a metric, and no new group", async () => {
  await fixture.produce(events(60, 6));
  const first = await fixture.startAssigned();
  await fixture.untilCommitted();
  expect(await first.kill()).toBe(0);

  // On an offset out of range the client commits -2 and reads from the start; here it died before it committed again.
  await fixture.admin.resetOffsets({ groupId: fixture.name, topic: fixture.topic, earliest: true });
  const second = await fixture.startAssigned();
  await fixture.untilCommitted();
  expect(await metric(second, 'countinghouse_consumer_offset_gaps_total{reason="reset"}')).toBe(6);
  expect(await fixture.counts()).toMatchObject({ events: 60, ids: 60 });
  expect(await second.kill()).toBe(0);
}, 120_000);

test("messages deleted while fetching was paused are a metric too", async () => {
  const worker = await fixture.startAssigned({ MAX_BUFFERED_BYTES: "1048576" });
  fixture.proxy.refuse(true);
  // Fills the buffer, so that fetching pauses.
  await waitFor(
    async () => {
      await fixture.produce(events(1_200, 6));
      return (await metric(worker, "countinghouse_consumer_paused_seconds_total")) > 0;
    },
    { timeoutMs: 60_000 },
  );
  await fixture.produce(events(600, 6));
  const partition = (await fixture.admin.fetchTopicOffsets(fixture.topic)).find((entry) => entry.partition === 0);
  const end = Number(partition?.high);
  await fixture.admin.deleteTopicRecords({
    topic: fixture.topic,
    partitions: [{ partition: 0, offset: String(end - 5) }],
  });
  fixture.proxy.refuse(false);
  await fixture.untilCommitted();
  expect(await metric(worker, 'countinghouse_consumer_offset_gaps_total{reason="retention"}')).toBe(1);
  const lost = await metric(worker, 'countinghouse_consumer_offset_gap_messages_total{reason="retention"}');
  expect(lost).toBeGreaterThan(0);
  const high = (await fixture.admin.fetchTopicOffsets(fixture.topic)).reduce(
    (sum, entry) => sum + Number(entry.high),
    0,
  );
  expect((await fixture.counts()).events).toBe(high - lost);
  expect(await worker.kill()).toBe(0);
}, 180_000);

test("the ledger is copied, a malformed record is skipped", async () => {
  const worker = await fixture.startAssigned();
  const instance = "instance-1";
  const count = { kind: "count", instance, minute: 1_795_000_020, source: "web", event_type: "click", count: 3 };
  const state = { kind: "instance", instance, state: "closed", started_at: 1, updated_at: 2, count: 3, unknown: 0 };
  await fixture.producer.send({
    topic: fixture.ledgerTopic,
    messages: [
      { key: "a", value: JSON.stringify({ ...count, count: 1, checksum: "5", unknown: 0 }) },
      { key: "b", value: "not JSON" },
      { key: "a", value: JSON.stringify({ ...count, checksum: "18446744073709551615", unknown: 1 }) },
      { key: instance, value: JSON.stringify(state) },
    ],
  });
  const ledger = () => fixture.clickhouse.query("SELECT instance, events, checksum, unknown FROM producer_ledger");
  await waitFor(async () => {
    const rows = await fixture.clickhouse.query("SELECT instance FROM producer_instances WHERE state = 'closed'");
    return rows.length === 1;
  });
  expect(await ledger()).toEqual([{ instance, events: "3", checksum: "18446744073709551615", unknown: "1" }]);
  expect(await metric(worker, 'countinghouse_consumer_ledger_records_total{outcome="malformed"}')).toBe(1);
  expect(await worker.kill()).toBe(0);
}, 120_000);
