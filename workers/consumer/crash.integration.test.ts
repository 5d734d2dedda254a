import { afterEach, beforeEach, expect, test } from "bun:test";
import { useStack, waitFor } from "../../scripts/testkit/index.ts";
import { type ConsumerFixture, createConsumerFixture, events, metric } from "./testing/fixture.ts";

let fixture: ConsumerFixture;
beforeEach(async () => {
  fixture = await createConsumerFixture(await useStack());
}, 90_000);
afterEach(() => fixture?.close(), 30_000);

test("duplicates are received and stored once", async () => {
  const messages = events(200, 3);
  const copies = messages.slice(0, 50).map((message, i) => ({ ...message, partition: (i + 1) % 3 }));
  await fixture.produce([...messages, ...copies]);
  const worker = await fixture.startAssigned();
  await fixture.untilCommitted();
  expect(await fixture.counts()).toEqual({ raw: 250, events: 200, ids: 200 });
  expect(await worker.kill()).toBe(0);
}, 120_000);

test("killed after the insert, before the commit: rows arrive twice and count once", async () => {
  const first = await fixture.startAssigned();
  fixture.proxy.holdResponses(true);
  await fixture.produce(events(300, 3));
  await waitFor(async () => (await fixture.counts()).events > 0, { describe: "rows without acknowledgement" });
  await first.kill("SIGKILL");
  expect(await fixture.allCommitted()).toBe(false);
  fixture.proxy.holdResponses(false);

  const second = await fixture.startAssigned();
  await fixture.untilCommitted();
  const counts = await fixture.counts();
  expect(counts).toMatchObject({ events: 300, ids: 300 });
  expect(counts.raw).toBeGreaterThan(300);
  expect(await fixture.missingOffsets()).toBe(0);
  expect(await second.kill()).toBe(0);
}, 120_000);

test("killed before the insert reached the store: nothing is lost", async () => {
  const first = await fixture.startAssigned();
  fixture.proxy.holdRequests(true);
  const before = fixture.proxy.bytesFromClients;
  await fixture.produce(events(300, 3));
  await waitFor(() => fixture.proxy.bytesFromClients > before + 1_000, { describe: "an insert under way" });
  await first.kill("SIGKILL");
  expect((await fixture.counts()).events).toBe(0);
  fixture.proxy.holdRequests(false);

  const second = await fixture.startAssigned();
  await fixture.untilCommitted();
  expect(await fixture.counts()).toMatchObject({ events: 300, ids: 300 });
  expect(await second.kill()).toBe(0);
}, 120_000);

test("ClickHouse away for three session timeouts under load: no rebalance, nothing lost, buffer bounded", async () => {
  const worker = await fixture.startAssigned({ MAX_BUFFERED_BYTES: "1048576" });
  let produced = 0;
  const produceSome = async () => {
    await fixture.produce(events(600, 3));
    produced += 600;
  };
  await produceSome();
  fixture.proxy.refuse(true);
  const until = performance.now() + 18_000;
  await waitFor(
    async () => {
      await produceSome();
      return performance.now() > until;
    },
    { timeoutMs: 60_000, intervalMs: 500 },
  );
  expect(await metric(worker, "countinghouse_consumer_paused_seconds_total")).toBeGreaterThan(0);
  fixture.proxy.refuse(false);
  await fixture.untilCommitted();
  expect(await fixture.counts()).toMatchObject({ events: produced, ids: produced });
  expect(await metric(worker, "countinghouse_consumer_rebalances_total")).toBe(0);
  expect(await metric(worker, "countinghouse_consumer_messages_redelivered_total")).toBe(0);
  expect(await worker.kill()).toBe(0);
}, 180_000);

test("SIGTERM stores and commits what was read, leaves the group and exits 0", async () => {
  await fixture.produce(events(3_000, 3));
  const first = await fixture.startAssigned({ BATCH_MAX_AGE_MS: "60000" });
  await waitFor(async () => (await metric(first, "countinghouse_consumer_buffered_bytes")) > 0);
  expect(await first.kill()).toBe(0);
  const { members } = (await fixture.admin.describeGroups([fixture.name])).groups[0] ?? { members: [] };
  expect(members).toHaveLength(0);

  const second = await fixture.startAssigned();
  await fixture.untilCommitted();
  // Nothing was read twice: what the first had stored it had also committed.
  expect(await fixture.counts()).toEqual({ raw: 3_000, events: 3_000, ids: 3_000 });
  expect(await second.kill()).toBe(0);
}, 120_000);

test("SIGTERM while ClickHouse is away gives up after the grace period without committing", async () => {
  const first = await fixture.startAssigned({ DRAIN_TIMEOUT_MS: "1500" });
  fixture.proxy.refuse(true);
  await fixture.produce(events(100, 3));
  await waitFor(async () => (await metric(first, "countinghouse_consumer_buffered_bytes")) > 0);
  expect(await first.kill()).toBe(0);
  expect(await fixture.allCommitted()).toBe(false);
  fixture.proxy.refuse(false);
  const second = await fixture.startAssigned();
  await fixture.untilCommitted();
  expect(await fixture.counts()).toMatchObject({ events: 100, ids: 100 });
  expect(await second.kill()).toBe(0);
}, 120_000);
