import { afterAll, beforeAll, expect, test } from "bun:test";
import type { DeadLetterRow } from "../../shared/clickhouse/tables/dead-letters.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";

/** A proof that cannot fail is worth nothing: every kind of defect is planted, must be named, and is fixed again. */

let fixture: OpsFixture;
let rows: EventRow[];
let letters: DeadLetterRow[];
const events = testEvents(300, Date.now() - 5_000);

beforeAll(async () => {
  fixture = await createOpsFixture("audit");
  await fixture.produce(events.map((event) => messageOf(event)));
  // Copies of the first events, later in the topic.
  await fixture.produce(events.slice(0, 30).map((event) => messageOf(event)));
  await fixture.produce([{ value: "not json" }, { value: null, partition: 1 }, { value: "{}" }]);
  ({ rows, letters } = await fixture.consume());
}, 90_000);
afterAll(() => fixture.close());

type Report = {
  verdict: string;
  events: number;
  duplicates: number;
  defects: Record<string, number>;
  defect_list: { kind: string; event_id: string; in_topic: unknown; in_store: unknown }[];
  dead_letter_defects: number;
  dead_letter_list: { partition: number; offset: number; detail: string }[];
  unseen: { gone_rows: number };
};

async function audit(...flags: string[]): Promise<{ code: number; report: Report }> {
  const { code, out, err } = await fixture.run(["verify", "--audit", "--json", "--wait", "5s", ...flags]);
  if (out === "") throw new Error(err);
  return { code, report: JSON.parse(out) };
}

const sync = { settings: { mutations_sync: 1, lightweight_deletes_sync: 1 } };
const deleteEvent = (id: string, more = "1") =>
  fixture.clickhouse.command(`DELETE FROM events_raw WHERE event_id = {id:UUID} AND ${more}`, {
    params: { id },
    ...sync,
  });
const alter = (id: string, change: string) =>
  fixture.clickhouse.command(`ALTER TABLE events_raw UPDATE ${change} WHERE event_id = {id:UUID}`, {
    params: { id },
    ...sync,
  });
const deleteLetter = ({ partition, offset }: { partition: number; offset: number }) =>
  fixture.clickhouse.command(
    "DELETE FROM dead_letters_raw WHERE kafka_partition = {p:UInt32} AND kafka_offset = {o:UInt64}",
    { params: { p: partition, o: offset }, ...sync },
  );

function pick<T>(from: readonly T[], at: number): T {
  const value = from[at];
  if (value === undefined) throw new Error("too few");
  return value;
}
/** The stored row of an event without a second copy. */
const single = (at: number) => {
  const row = rows.find((candidate) => candidate.eventId === pick(events, at).id);
  if (row === undefined) throw new Error("not stored");
  return row;
};

async function expectExact() {
  const { code, report } = await audit();
  expect(report).toMatchObject({ verdict: "EXACT", defects: {}, dead_letter_defects: 0, events: 300, duplicates: 30 });
  expect(code).toBe(0);
}

async function expectDefect(kind: string, eventId: string) {
  const { code, report } = await audit();
  expect(report.defect_list.map((defect) => [defect.kind, defect.event_id])).toEqual([[kind, eventId]]);
  expect(report.verdict).toBe("DIFFERENT");
  expect(code).toBe(1);
  return report;
}

async function expectLetterDefect(at: { partition: number; offset: number }, detail: RegExp) {
  const { code, report } = await audit();
  expect(report.dead_letter_list).toMatchObject([at]);
  expect(report.dead_letter_list[0]?.detail).toMatch(detail);
  expect(code).toBe(1);
}

test("agrees when everything is stored", expectExact, 30_000);

test("names an event that is missing", async () => {
  const row = single(100);
  await deleteEvent(row.eventId);
  const report = await expectDefect("missing", row.eventId);
  expect(report.defect_list[0]?.in_topic).toEqual({ partition: row.kafkaPartition, offset: row.kafkaOffset });
  await fixture.storeEvents([row]);
  await expectExact();
}, 30_000);

test("names an event that is in the store only", async () => {
  const id = crypto.randomUUID();
  await fixture.storeEvents([{ ...single(101), eventId: id }]);
  await expectDefect("surplus", id);
  await deleteEvent(id);
  await expectExact();
}, 30_000);

test("names a row that claims an offset the topic has never reached", async () => {
  const id = crypto.randomUUID();
  await fixture.storeEvents([{ ...single(101), eventId: id, kafkaOffset: 1e9 }]);
  await expectDefect("surplus", id);
  await deleteEvent(id);
}, 30_000);

test("names an amount, a user and any other content that were altered", async () => {
  const paid = single(99);
  expect(paid.amountE4).toBeGreaterThan(0);
  for (const [kind, change, back] of [
    ["money", "amount = amount + 0.0001", "amount = amount - 0.0001"],
    ["money", "currency = 'USD'", "currency = 'EUR'"],
    ["identity", "user_id = concat(user_id, 'x')", `user_id = '${paid.userId}'`],
    ["content", "payload = concat(payload, ' ')", "payload = substring(payload, 1, length(payload) - 1)"],
    ["content", "extra = '{}'", "extra = ''"],
    ["content", "received_time = received_time + 1", "received_time = received_time - 1"],
    ["content", "size_bytes = size_bytes + 1", "size_bytes = size_bytes - 1"],
    ["content", "producer = 'p'", "producer = ''"],
  ] as const) {
    await alter(paid.eventId, change);
    await expectDefect(kind, paid.eventId);
    await alter(paid.eventId, back);
  }
  await expectExact();
}, 180_000);

test("names an event that is stored under another type", async () => {
  const row = single(104);
  await deleteEvent(row.eventId);
  await fixture.storeEvents([{ ...row, eventType: "search" }]);
  await expectDefect("misplaced", row.eventId);
  await deleteEvent(row.eventId);
  await fixture.storeEvents([row]);
}, 30_000);

test("names an event of which a later copy was kept", async () => {
  const copies = rows.filter((row) => row.eventId === pick(events, 3).id).sort((a, b) => a.kafkaOffset - b.kafkaOffset);
  expect(copies.length).toBe(2);
  await deleteEvent(pick(copies, 0).eventId);
  await fixture.storeEvents([pick(copies, 1)]);
  await expectDefect("wrong_copy", pick(copies, 0).eventId);
  await fixture.storeEvents([pick(copies, 0)]);
  await expectExact();
}, 30_000);

test("names dead letters that are missing, of another class, of other bytes, or of a valid event", async () => {
  const letter = pick(letters, 0);
  await deleteLetter(letter);
  await expectLetterDefect({ partition: letter.partition, offset: letter.offset }, /no dead letter/);
  await fixture.storeDeadLetters([{ ...letter, errorClass: "too_old" }]);
  await expectLetterDefect({ partition: letter.partition, offset: letter.offset }, /class too_old/);
  await deleteLetter(letter);
  await fixture.storeDeadLetters([{ ...letter, payloadHash: letter.payloadHash ^ 1n }]);
  await expectLetterDefect({ partition: letter.partition, offset: letter.offset }, /not the one of its payload_hash/);
  await deleteLetter(letter);
  const payload = Buffer.from("another");
  await fixture.storeDeadLetters([{ ...letter, payload, payloadHash: Bun.hash.xxHash64(payload) }]);
  await expectLetterDefect({ partition: letter.partition, offset: -1 }, /payloads/);
  await deleteLetter(letter);
  await fixture.storeDeadLetters([letter]);

  const { kafkaPartition: partition, kafkaOffset: offset, kafkaAppendTimeMs: appendTimeMs } = single(120);
  await fixture.storeDeadLetters([{ ...letter, partition, offset, appendTimeMs }]);
  await expectLetterDefect({ partition, offset }, /valid event/);
  await deleteLetter({ partition, offset });
  await expectExact();
}, 60_000);

test("does not expect an event that the store has rejected", async () => {
  const row = single(130);
  const { kafkaPartition: partition, kafkaOffset: offset, kafkaAppendTimeMs: appendTimeMs } = row;
  await deleteEvent(row.eventId);
  await fixture.storeDeadLetters([
    { ...pick(letters, 0), partition, offset, appendTimeMs, errorClass: "rejected_by_store" },
  ]);
  const { code, report } = await audit();
  expect(report).toMatchObject({ verdict: "EXACT", rejected_by_store: 1, events: 299 });
  expect(code).toBe(0);
  await deleteLetter({ partition, offset });
  await fixture.storeEvents([row]);
  await expectExact();
}, 30_000);

test("does not prove what it could not see, unless told to accept that", async () => {
  const id = crypto.randomUUID();
  await fixture.storeEvents([{ ...single(101), eventId: id, kafkaAppendTimeMs: 1_000_000 }]);
  expect(await audit()).toMatchObject({ code: 3, report: { verdict: "NOT PROVEN", unseen: { gone_rows: 1 } } });
  expect(await audit("--allow-unseen")).toMatchObject({ code: 0, report: { verdict: "EXACT" } });
  await deleteEvent(id);
  await expectExact();
}, 30_000);

test("says what is behind when the consumers have not committed the end", async () => {
  await fixture.produce([messageOf(pick(testEvents(1, Date.now()), 0), { partition: 0 })]);
  const { code, out } = await fixture.run(["verify", "--audit", "--wait", "500ms"]);
  expect(out).toContain("NOT PROVEN");
  expect(out).toContain("1 messages behind (partitions 0)");
  expect(code).toBe(3);
  await fixture.consume();
  expect((await audit()).code).toBe(0);
}, 30_000);
