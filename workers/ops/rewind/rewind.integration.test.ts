import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../../scripts/testkit/index.ts";
import { fetchCommittedOffsets } from "../../shared/kafka/topic-reader.ts";
import { messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";

let fixture: OpsFixture;
beforeAll(async () => {
  fixture = await createOpsFixture("rewind");
  await fixture.produce(testEvents(20, Date.now()).map((event) => messageOf(event, { partition: 0 })));
  await fixture.consume();
}, 60_000);
afterAll(() => fixture.close());

const committed = () => fetchCommittedOffsets(fixture.admin, fixture.name, fixture.name);

test("shows what it would do and does it with --yes, to a time or to the beginning", async () => {
  const laterMs = Date.now() + 50;
  await waitFor(() => Date.now() > laterMs + 50);
  await fixture.produce(testEvents(5, Date.now()).map((event) => messageOf(event, { partition: 0 })));
  await fixture.consume();
  expect(await committed()).toEqual(
    new Map([
      [0, 25],
      [1, 0],
    ]),
  );

  const dry = await fixture.run(["rewind", "--from", "earliest"]);
  expect(dry.out).toContain("would read 25 messages again");
  expect(dry.out).toContain("add --yes");
  expect((await committed()).get(0)).toBe(25);

  const later = await fixture.run(["rewind", "--from", new Date(laterMs).toISOString(), "--yes"]);
  expect(later.out).toContain("would read 5 messages again");
  expect((await committed()).get(0)).toBe(20);
  const future = await fixture.run(["rewind", "--from", "2100-01-01", "--yes"]);
  expect(future.out).toContain("would read 0 messages again");
  expect((await committed()).get(0)).toBe(20);
  expect((await fixture.run(["rewind", "--from", "earliest", "--yes"])).code).toBe(0);
  expect((await committed()).get(0)).toBe(0);
}, 60_000);

test("refuses while consumers run", async () => {
  await fixture.consume();
  await fixture.admin.setOffsets({
    groupId: fixture.name,
    topic: fixture.name,
    partitions: [{ partition: 0, offset: "25" }],
  });
  const consumer = fixture.kafka.consumer({ groupId: fixture.name, allowAutoTopicCreation: false });
  await consumer.connect();
  await consumer.subscribe({ topic: fixture.name });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
  await joined;
  const { code, err } = await fixture.run(["rewind", "--from", "earliest", "--yes"]);
  await consumer.disconnect();
  expect(err).toContain("has 1 running members");
  expect(err).toContain("next:  stop all consumers");
  expect(code).toBe(3);
}, 60_000);

test("refuses a time it does not understand", async () => {
  const { code, err } = await fixture.run(["rewind", "--from", "yesterday"]);
  expect(err).toContain("ISO 8601");
  expect(code).toBe(2);
});
