import { afterAll, beforeAll, expect, test } from "bun:test";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { fetchCommittedOffsets } from "../../shared/kafka/topic-reader.ts";
import { messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";
import { watchOf } from "../testing/io.ts";

let fixture: OpsFixture;
beforeAll(async () => {
  fixture = await createOpsFixture("skip");
  await fixture.produce(testEvents(30, Date.now()).map((event) => messageOf(event, { partition: 0 })));
}, 60_000);
afterAll(() => fixture.close());

const committed = async () => (await fetchCommittedOffsets(fixture.admin, fixture.name, fixture.name)).get(0);
const setCommitted = (offset: number) =>
  fixture.admin.setOffsets({
    ...{ groupId: fixture.name, topic: fixture.name },
    partitions: [{ partition: 0, offset: String(offset) }],
  });
const noted = () =>
  fixture.clickhouse.query<{ topic: string; kafka_partition: number; a: string; b: string; kind: string }>(
    "SELECT topic, kafka_partition, first_offset AS a, last_offset AS b, kind FROM offsets_without_message",
  );
const skip = (...args: string[]) => fixture.run(["skip", "--partition", "0", ...args]);

test("shows what it would do; with --yes it notes exactly the range and moves the group over it", async () => {
  await setCommitted(10);
  const dry = await skip("--from", "10", "--to", "14");
  expect(dry.code).toBe(0);
  expect(dry.out).toContain("5 offsets");
  expect(dry.out).toContain("from offset 10 to 15");
  expect(dry.out).toContain("add --yes");
  expect(await committed()).toBe(10);
  expect(await noted()).toEqual([]);

  expect((await skip("--from", "10", "--to", "14", "--yes")).code).toBe(0);
  expect(await committed()).toBe(15);
  expect(await noted()).toEqual([{ topic: fixture.name, kafka_partition: 0, a: "10", b: "14", kind: "skipped" }]);
}, 60_000);

test("refuses to skip what was not read before the range, what is not there, and topics nobody reads", async () => {
  await setCommitted(15);
  const early = await skip("--from", "18", "--to", "19", "--yes");
  expect(early.code).toBe(3);
  expect(early.err).toContain("offsets 15 to 17 are not read yet");
  const beyond = await skip("--from", "15", "--to", "30", "--yes");
  expect(beyond.code).toBe(3);
  expect(beyond.err).toContain("ends before offset 30");
  expect((await skip("--from", "9", "--to", "8")).code).toBe(2);
  expect((await skip("--from", "9", "--to", "9", "--topic", "another")).code).toBe(2);
  expect((await fixture.run(["skip", "--partition", "7", "--from", "1", "--to", "1"])).code).toBe(2);
  expect(await committed()).toBe(15);
  expect(await noted()).toHaveLength(1);
}, 60_000);

test("what was given up is a class of its own for every proof, and excuses exactly its range", async () => {
  const dropped: EventRow[] = [];
  await fixture.consume({
    row: (row) => {
      if (row.kafkaOffset < 10 || row.kafkaOffset > 15) return row;
      dropped.push(row);
      return undefined;
    },
  });
  const beyond = dropped.filter(({ kafkaOffset }) => kafkaOffset === 15);
  expect(beyond).toHaveLength(1);
  const { proof, step } = watchOf(fixture);
  const verify = (...args: string[]) => fixture.run(["verify", "--wait", "20s", ...args]);

  // The message behind the range is nobody's to give up.
  await step();
  await step();
  expect(proof.partitions.get(0)?.difference).toMatch(/^0\/15: event \S+ is not stored$/);
  expect(await verify("--settle", "2s")).toMatchObject({ code: 1, out: expect.stringContaining(": 15") });
  expect((await verify("--audit")).code).toBe(1);

  await fixture.storeEvents(beyond);
  await step();
  expect(proof.partitions.get(0)).toMatchObject({ next: 30, difference: "", unproven: 0 });
  const said = await verify();
  expect(said).toMatchObject({ code: 0, out: expect.stringContaining("partition 0: 5 offsets given up") });
  expect((await verify("--audit")).code).toBe(0);
}, 180_000);
