import { afterAll, beforeAll, expect, test } from "bun:test";
import { ledgerOf, messageOf, type TestEvent, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";

let fixture: OpsFixture;
const noon = Math.floor((Date.now() - 86_400_000) / 86_400_000) * 86_400_000 + 43_200_000;
const [first, second] = testEvents(2, noon) as [TestEvent, TestEvent];

beforeAll(async () => {
  fixture = await createOpsFixture("conflicts");
}, 60_000);
afterAll(() => fixture.close());

test("lists a conflict, keeps the earliest copy and brings the views down, to zero where a group vanishes", async () => {
  // The same id once more: in another minute, and alone in a third one under another type.
  const moved = { ...first, timeMs: noon + 3 * 3_600_000 };
  const retyped = { ...first, timeMs: noon + 600_000, source: "mobile", type: "app_open", amount: undefined };
  await fixture.produce([messageOf(first, { partition: 0 })]);
  await fixture.produce([messageOf(moved, { partition: 1 }), messageOf(second, { partition: 1 })]);
  await fixture.produce([messageOf(retyped as unknown as TestEvent, { partition: 0 })]);
  await fixture.consume();

  const list = await fixture.run(["conflicts", "list"]);
  expect(list.out).toContain("1 of 1 conflicting event_ids");
  expect(list.out.split("\n").filter((line) => line.includes("delete")).length).toBe(2);
  expect(list.out.split("\n").filter((line) => line.includes("keep") && line.includes("0/0")).length).toBe(1);

  const verify = await fixture.run(["verify"]);
  expect(verify.out).toContain("1 event_ids are stored under more than one minute, source or type");
  expect(verify.code).toBe(1);
  expect(verify.out.match(/^DIFFERENT/gm)?.length).toBe(1);
  expect(verify.out).toMatch(/^next: .*ops conflicts resolve/m);
  expect(verify.out).not.toContain("rewind");
  const audit = await fixture.run(["verify", "--audit"]);
  expect(audit.out).toContain("conflict 3");
  expect(audit.code).toBe(1);

  expect((await fixture.run(["conflicts", "resolve"])).code).toBe(2);
  expect((await fixture.run(["conflicts", "resolve", "--dry-run"])).out).toContain("nothing was done");
  const resolve = await fixture.run(["conflicts", "resolve", "--yes"]);
  expect(resolve.err + resolve.out).toContain("resolved 1 of 1");
  expect(resolve.code).toBe(0);

  const minutes = await fixture.clickhouse.query<{ t: number; events: string }>(
    "SELECT toUnixTimestamp(event_minute) AS t, sum(events) AS events FROM events_per_minute GROUP BY t ORDER BY t",
  );
  expect(minutes.reduce((sum, row) => sum + Number(row.events), 0)).toBe(2);
  expect(minutes.some((row) => row.t === moved.timeMs / 1000)).toBe(false);
  expect((await fixture.run(["conflicts", "list"])).out).toContain("0 of 0 conflicting");
  expect((await fixture.run(["verify"])).code).toBe(0);
  const after = await fixture.run(["verify", "--audit"]);
  expect(after.out).toMatch(/conflicts resolved +2/);
  expect(after.code).toBe(0);
}, 120_000);

test("does not wait for minutes that live traffic keeps touching to stand still", async () => {
  const touched = noon - 3_600_000;
  const [event] = testEvents(1, touched) as [TestEvent];
  const rows = await (async () => {
    await fixture.produce([messageOf(event, { partition: 0 })]);
    await fixture.produce([messageOf({ ...event, timeMs: touched + 60_000 }, { partition: 1 })]);
    return (await fixture.consume()).rows;
  })();
  let going = true;
  let stored = 0;
  // Always another event in both minutes, so that the views are never level with the events.
  const traffic = (async () => {
    while (going) {
      const more = rows.map((row) => ({ ...row, eventId: crypto.randomUUID(), kafkaOffset: 1_000_000 + stored }));
      await fixture.storeEvents(more);
      stored++;
    }
  })();
  const resolve = await fixture.run(["conflicts", "resolve", "--yes", "--wait", "30s"]);
  going = false;
  await traffic;
  expect(resolve.out).toContain("resolved 1 of 1");
  expect(resolve.code).toBe(0);
  expect(stored).toBeGreaterThan(1);
}, 60_000);

test("what was dropped stays dropped on record: for the ledger, for the audit, and after the topic was read again", async () => {
  const at = noon - 7 * 3_600_000;
  const [event] = testEvents(1, at) as [TestEvent];
  const other = { ...event, timeMs: at + 3_600_000 };
  const messages = [
    messageOf(event, { partition: 0, instance: "p9" }),
    messageOf(other, { partition: 1, instance: "p9" }),
  ];
  await fixture.ledger(ledgerOf("p9", [event, other], "closed", Date.now()));
  for (const message of messages) await fixture.produce([message]);
  const { rows } = await fixture.consume();
  expect((await fixture.run(["conflicts", "resolve", "--recorded"])).out).toContain("nothing that was dropped before");
  const resolve = await fixture.run(["conflicts", "resolve", event.id, "--yes"]);
  expect(resolve.err + resolve.out).toContain("resolved 1 of 1");
  // The producer's ledger counts both; one of them was dropped on purpose.
  const verify = await fixture.run([
    "verify",
    "--from",
    new Date(at - 60_000).toISOString(),
    "--to",
    new Date(at + 7_200_000).toISOString(),
  ]);
  expect(verify.out).not.toContain("Differences");

  // As after a rewind: the dropped copy is stored again.
  await fixture.storeEvents(rows);
  expect((await fixture.run(["conflicts", "list", event.id])).out).toContain("1 of 1 conflicting");
  const again = await fixture.run(["conflicts", "resolve", "--recorded"]);
  expect(again.out).toContain("resolved 1 of 1");
  expect((await fixture.run(["conflicts", "list", event.id])).out).toContain("0 of 0 conflicting");
  const stored = await fixture.clickhouse.query<{ t: number }>(
    "SELECT toUnixTimestamp(event_time) AS t FROM events WHERE event_id = {id:UUID}",
    { params: { id: event.id } },
  );
  expect(stored).toEqual([{ t: event.timeMs / 1000 }]);
}, 120_000);

test("the audit takes for resolved only what is on record", async () => {
  const at = noon - 10 * 3_600_000;
  const [event] = testEvents(1, at) as [TestEvent];
  await fixture.produce([messageOf(event, { partition: 0 })]);
  await fixture.produce([messageOf({ ...event, timeMs: at + 600_000 }, { partition: 0 })]);
  await fixture.consume();
  const lost = "(toStartOfMinute(event_time), event_id) = (toDateTime({t:UInt32}, 'UTC'), {id:UUID})";
  const minute = Math.floor((at + 600_000) / 60_000) * 60;
  const sync = { mutations_sync: 1, lightweight_deletes_sync: 1 };
  await fixture.clickhouse.command(`DELETE FROM events_raw WHERE ${lost}`, {
    params: { t: minute, id: event.id },
    settings: sync,
  });
  const audit = await fixture.run(["verify", "--audit", "--json"]);
  const { defect_list } = JSON.parse(audit.out) as { defect_list: { kind: string; event_id: string }[] };
  expect(defect_list.filter(({ event_id }) => event_id === event.id).map(({ kind }) => kind)).toEqual(["missing"]);
  expect(audit.code).toBe(1);
}, 120_000);

test("refuses what is no event_id", async () => {
  const { code, err } = await fixture.run(["conflicts", "resolve", "nonsense"]);
  expect(err).toContain("nonsense is no event_id");
  expect(code).toBe(2);
});
