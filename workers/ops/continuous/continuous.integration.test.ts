import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../../scripts/testkit/index.ts";
import type { DeadLetterRow } from "../../shared/clickhouse/tables/dead-letters.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { retryWithBackoff } from "../../shared/runtime/retry.ts";
import { createJudge } from "../audit/judge.ts";
import type { Services } from "../cli/services.ts";
import { messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";
import { withOps } from "../testing/io.ts";
import { readProgress, saveProgress } from "./progress.ts";
import { type Proof, proveStep } from "./step.ts";

/** Steps of the continuous audit against the real broker and engine: each defect stops it, and fixed it goes on. */

let fixture: OpsFixture;
let services: Services;
const closing = Promise.withResolvers<void>();
let closed: Promise<void>;
const proof: Proof = { partitions: new Map(), suspects: new Map() };

beforeAll(async () => {
  fixture = await createOpsFixture("continuous");
  const opened = Promise.withResolvers<Services>();
  closed = withOps(fixture, async (given) => {
    opened.resolve(given);
    await closing.promise;
  });
  services = await opened.promise;
}, 60_000);
afterAll(async () => {
  closing.resolve();
  await closed;
  await fixture.close();
});

/** Tried again while the broker has not found the group's coordinator, as the loop does. */
const step = () =>
  retryWithBackoff(() => proveStep(services, createJudge(services), proof, { settleMs: 0 }), {
    minMs: 200,
    maxMs: 1_000,
  });
const differences = () =>
  [...proof.partitions.values()].flatMap(({ difference }) => (difference === "" ? [] : difference.split("\n")));
const nextOf = () => [...proof.partitions.values()].map(({ next }) => next);
const sendOne = async (message: Parameters<OpsFixture["produce"]>[0][number] = messageOf(oneEvent())) =>
  fixture.produce([{ ...message, partition: 0 }]);
function oneEvent() {
  const [event] = testEvents(1, Date.now() - 60_000);
  if (event === undefined) throw new Error("none");
  return event;
}
const sync = { settings: { mutations_sync: 1, lightweight_deletes_sync: 1 } };

/** Steps until every minute and hour that was touched is compared. */
const untilShown = () =>
  waitFor(
    async () => {
      await step();
      return [...proof.partitions.values()].every(
        ({ openMinutes, openHours }) => openMinutes.size + openHours.size === 0,
      );
    },
    { timeoutMs: 90_000, describe: "all minutes to be compared" },
  );

/** What a defect in one new message is called; fixed, the proof goes on over it. */
async function expectStop(says: RegExp, fix: () => Promise<unknown>) {
  const before = nextOf();
  await step();
  await step();
  expect(differences()).toEqual([expect.stringMatching(says)]);
  expect(nextOf()).toEqual(before);
  await fix();
  await step();
  expect(differences()).toEqual([]);
  expect(nextOf()).not.toEqual(before);
}

const events = testEvents(80, Date.now() - 300_000);

test("what is committed is compared, copies and letters included; what is not waits", async () => {
  await fixture.produce(events.map((event) => messageOf(event)));
  await fixture.produce(events.slice(0, 20).map((event) => messageOf(event)));
  await fixture.produce([{ value: "not json" }, { value: null, partition: 1 }]);
  await step();
  expect(nextOf()).toEqual([0, 0]);
  await fixture.consume();
  await untilShown();
  expect(differences()).toEqual([]);
  expect(nextOf().reduce((sum, next) => sum + next, 0)).toBe(102);
  const atMs = Date.now();
  await step();
  for (const { provenUntilMs } of proof.partitions.values()) expect(provenUntilMs).toBeGreaterThanOrEqual(atMs);
  // A copy of an old event touches its minute again.
  await fixture.produce(events.slice(0, 5).map((event) => messageOf(event)));
  await fixture.consume();
  await fixture.clickhouse.command("OPTIMIZE TABLE events_raw FINAL");
  await untilShown();
  expect(differences()).toEqual([]);
  expect(nextOf().reduce((sum, next) => sum + next, 0)).toBe(107);
}, 180_000);

test("what is proven outlives the process, and is newest where it was saved last", async () => {
  const topic = fixture.config.KAFKA_EVENTS_TOPIC;
  await saveProgress(fixture.clickhouse, topic, proof.partitions.values(), Date.now());
  await saveProgress(fixture.clickhouse, topic, proof.partitions.values(), Date.now());
  expect(await readProgress(fixture.clickhouse, topic)).toEqual(proof.partitions);
  const [row] = await fixture.clickhouse.query<{ n: string; open: string }>(
    "SELECT sum(next_offset) AS n, sum(minutes_open) AS open FROM proof",
  );
  expect(row).toEqual({ n: "107", open: "0" });
}, 60_000);

test("an event that is not stored, or stored with another content or place, stops the proof before it", async () => {
  let lost: EventRow | undefined;
  await sendOne();
  await fixture.consume({
    row: (row) => {
      lost = row;
      return undefined;
    },
  });
  await expectStop(/^0\/\d+: event [0-9a-f-]{36} is not stored$/, () => fixture.storeEvents(lost ? [lost] : []));

  let sent: EventRow | undefined;
  await sendOne();
  await fixture.consume({
    row: (row) => {
      sent = row;
      return { ...row, userId: "someone else" };
    },
  });
  await expectStop(/is stored with another user or session$/, async () => {
    await fixture.clickhouse.command("DELETE FROM events_raw WHERE user_id = 'someone else'", sync);
    await fixture.storeEvents(sent ? [sent] : []);
  });
}, 120_000);

test("a dead letter that is missing, of another class, or beside a stored row stops the proof before it", async () => {
  let letter: DeadLetterRow | undefined;
  await sendOne({ value: "{}" });
  await fixture.consume({
    letter: (row) => {
      letter = row;
      return undefined;
    },
  });
  await expectStop(/no dead letter of class schema$/, () => fixture.storeDeadLetters(letter ? [letter] : []));

  await sendOne({ value: "[]" });
  await fixture.consume({
    letter: (row) => {
      letter = row;
      return { ...row, errorClass: "too_old" };
    },
  });
  await expectStop(/class too_old, not (schema|malformed_json)$/, async () => {
    await fixture.clickhouse.command("DELETE FROM dead_letters_raw WHERE error_class = 'too_old'", sync);
    await fixture.storeDeadLetters(letter ? [letter] : []);
  });
}, 120_000);

test("a minute that the view shows otherwise is a difference; one that is being recomputed is not", async () => {
  await sendOne();
  await fixture.consume();
  await untilShown();
  const [minute] = await fixture.clickhouse.query<{ t: number }>(
    "SELECT toUnixTimestamp(max(event_minute)) AS t FROM events_per_minute",
  );
  const spoil = (events: string) =>
    fixture.clickhouse.command(
      `INSERT INTO events_per_minute_store SELECT * REPLACE (${events} AS events, version + 1 AS version)
       FROM events_per_minute_store FINAL WHERE toUnixTimestamp(event_minute) = ${minute?.t} AND (source != '' OR events = 0)`,
    );
  await spoil("if(source = '', 0, events + 1)");
  for (const state of proof.partitions.values()) state.openMinutes.add(minute?.t ?? 0);
  await waitFor(
    async () => {
      await step();
      return differences().length > 0;
    },
    { timeoutMs: 30_000, describe: "a difference" },
  );
  const [, events, shown] = /^minute .*: (\d+) events, (\d+) shown$/.exec(differences()[0] ?? "") ?? [];
  expect(Number(shown)).toBe(Number(events) + 1);
  await spoil("if(source = '', 0, events - 1)");
  await untilShown();
  expect(differences()).toEqual([]);
}, 180_000);

test("after a rewind what the group reads again is proven again: it may have been lost since", async () => {
  const [row] = await fixture.clickhouse.query<{ id: string; o: string }>(
    `SELECT event_id AS id, kafka_offset AS o FROM events WHERE kafka_partition = 0 ORDER BY kafka_offset DESC LIMIT 1`,
  );
  const back = Number(row?.o);
  const end = proof.partitions.get(0)?.next ?? 0;
  await fixture.clickhouse.command("DELETE FROM events_raw WHERE event_id = {id:UUID}", {
    ...sync,
    params: { id: row?.id },
  });
  const moveTo = (offset: number) =>
    fixture.admin.setOffsets({
      ...{ groupId: fixture.config.KAFKA_GROUP_ID, topic: fixture.config.KAFKA_EVENTS_TOPIC },
      partitions: [{ partition: 0, offset: String(offset) }],
    });
  await moveTo(back);
  await step();
  expect(proof.partitions.get(0)).toMatchObject({ next: back, provenUntilMs: undefined });
  // Read again, and not stored.
  await moveTo(end);
  await step();
  await step();
  expect(differences()).toEqual([expect.stringContaining(`0/${back}: event ${row?.id} is not stored`)]);
  expect(proof.partitions.get(0)).toMatchObject({ next: back, provenUntilMs: undefined });
  // What follows goes on from behind it.
  Object.assign(proof.partitions.get(0) ?? {}, { next: end, difference: "" });
}, 120_000);

test("an hour that the view shows otherwise is a difference, though its minutes are right", async () => {
  await sendOne();
  await fixture.consume();
  await untilShown();
  const [hour] = await fixture.clickhouse.query<{ t: number }>(
    "SELECT toUnixTimestamp(max(event_hour)) AS t FROM events_per_hour",
  );
  // Of the same version: what the roll-up has recorded stays as it is.
  await fixture.clickhouse.command(
    `INSERT INTO events_per_hour_store SELECT * REPLACE (events + 1 AS events)
     FROM events_per_hour_store FINAL WHERE toUnixTimestamp(event_hour) = ${hour?.t} AND source != ''`,
  );
  for (const state of proof.partitions.values()) state.openHours.add(hour?.t ?? 0);
  await waitFor(
    async () => {
      await step();
      return differences().length > 0;
    },
    { timeoutMs: 30_000, describe: "a difference" },
  );
  expect(differences()[0]).toMatch(/^hour /);
}, 120_000);
