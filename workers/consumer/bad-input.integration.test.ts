import { afterAll, beforeAll, expect, test } from "bun:test";
import { useStack, waitFor } from "../../scripts/testkit/index.ts";
import { HEADERS } from "../shared/kafka/headers.ts";
import { fetchTopicRanges, readTopic } from "../shared/kafka/topic-reader.ts";
import { type ConsumerFixture, createConsumerFixture, eventJson, metric, readiness } from "./testing/fixture.ts";

let fixture: ConsumerFixture;
beforeAll(async () => {
  fixture = await createConsumerFixture(await useStack(), { partitions: 1 });
}, 90_000);
afterAll(() => fixture?.close());

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

const BAD: [errorClass: string, value: string | Buffer | null][] = [
  ["empty", null],
  ["empty", ""],
  ["malformed_json", '{"event_id":'],
  ["malformed_json", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ["malformed_json", `\uFEFF${eventJson()}`],
  ["schema", "[1,2]"],
  ["schema", eventJson({ event_id: "no uuid" })],
  ["schema", eventJson({ event_type: "unheard_of" })],
  ["schema", eventJson({ user_id: "\uD800" })],
  ["too_old", eventJson({ event_time: daysAgo(31) })],
  ["in_future", eventJson({ event_time: daysAgo(-1) })],
  ["too_large", eventJson({ filler: "x".repeat(999_990) })],
];

test("every class of bad input is set aside in topic and table, its neighbours are stored", async () => {
  const good = BAD.map(() => ({ value: eventJson(), partition: 0 }));
  const messages = BAD.flatMap(([, value], i) => [
    { value, partition: 0, key: `bad-${i}`, headers: { "x-trace": `t${i}`, ["__proto__"]: "p" } },
    good[i] ?? { value: eventJson(), partition: 0 },
  ]);
  for (const message of messages) await fixture.produce([message]);
  const worker = await fixture.startAssigned();
  await fixture.untilCommitted();

  expect((await fixture.counts()).events).toBe(BAD.length);
  const letters = await fixture.deadLetters();
  expect(letters.map((letter) => letter.error_class)).toEqual(BAD.map(([errorClass]) => errorClass));
  expect(letters.map((letter) => Number(letter.kafka_offset))).toEqual(BAD.map((_, i) => i * 2));
  expect(await fixture.missingOffsets()).toBe(0);
  expect(letters[2]?.payload).toBe('{"event_id":');

  const seen: { value: Buffer | null; key: string; headers: Record<string, string> }[] = [];
  await readTopic(
    { kafka: fixture.kafka, admin: fixture.admin },
    {
      topic: fixture.dlqTopic,
      ranges: await fetchTopicRanges(fixture.admin, fixture.dlqTopic),
      groupPrefix: fixture.name,
      stallMs: 30_000,
      onMessages: (_, records) => {
        for (const { key, value, headers } of records) {
          const text = Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)]);
          seen.push({ key: key?.toString() ?? "", value, headers: Object.fromEntries(text) });
        }
      },
    },
  );
  expect(seen.map(({ key }) => key)).toEqual(BAD.map((_, i) => `bad-${i}`));
  for (const [i, { value, headers }] of seen.entries()) {
    const original = BAD[i]?.[1] ?? null;
    expect(value).toEqual(original === null ? null : Buffer.from(original));
    expect(headers["x-trace"]).toBe(`t${i}`);
    expect(Object.entries(headers)).toContainEqual(["__proto__", "p"]);
    expect(headers[HEADERS.deadLetterClass]).toBe(BAD[i]?.[0] ?? "");
    expect(headers[HEADERS.originTopic]).toBe(fixture.topic);
    expect(headers[HEADERS.originPartition]).toBe("0");
    expect(headers[HEADERS.originOffset]).toBe(String(i * 2));
    expect(Number(headers[HEADERS.originAppendTime])).toBeGreaterThan(0);
  }
  expect(await worker.kill()).toBe(0);
}, 120_000);

test("only the row that the store refuses is set aside, also when it comes alone", async () => {
  await fixture.clickhouse.command("ALTER TABLE events_raw ADD CONSTRAINT no_poison CHECK user_id != 'poison'");
  const before = await fixture.counts();
  const batch = Array.from({ length: 50 }, (_, i) => ({
    value: eventJson(i === 17 || i === 33 ? { user_id: "poison" } : {}),
    partition: 0,
  }));
  await fixture.produce(batch);
  const worker = await fixture.startAssigned();
  await fixture.untilCommitted();
  const refused = async () => (await fixture.deadLetters()).filter((row) => row.error_class === "rejected_by_store");
  expect(await refused()).toHaveLength(2);
  expect((await fixture.counts()).events - before.events).toBe(48);

  await fixture.produce([{ value: eventJson({ user_id: "poison" }), partition: 0 }]);
  await fixture.untilCommitted();
  expect(await refused()).toHaveLength(3);
  expect(await metric(worker, 'countinghouse_consumer_dead_letters_total{class="rejected_by_store"}')).toBe(3);
  expect(await fixture.missingOffsets()).toBe(0);
  await fixture.clickhouse.command("ALTER TABLE events_raw DROP CONSTRAINT no_poison");
  expect(await worker.kill()).toBe(0);
}, 120_000);

test("rows refused out of large compressed batches are set aside with their own bytes, keys and headers", async () => {
  await fixture.clickhouse.command("ALTER TABLE events_raw ADD CONSTRAINT no_poison CHECK user_id != 'poison'");
  const before = { counts: await fixture.counts(), letters: (await fixture.deadLetters()).length };
  const messages = Array.from({ length: 6_000 }, (_, i) => ({
    key: `key ${i}`,
    // Spaces that no parser would put back.
    value: ` ${eventJson(i % 1_500 === 700 ? { user_id: "poison", i } : { i })} `,
    partition: 0,
    headers: { number: String(i) },
  }));
  await fixture.producer.send({ topic: fixture.topic, acks: -1, compression: 1, messages });
  const worker = await fixture.startAssigned({ BATCH_MIN_AGE_MS: "1000", BATCH_MAX_AGE_MS: "1000" });
  await fixture.untilCommitted();
  const letters = await fixture.clickhouse.query<Record<"payload" | "message_key" | "headers", string>>(
    `SELECT payload, message_key, headers FROM dead_letters
     WHERE error_class = 'rejected_by_store' AND message_key LIKE 'key %' ORDER BY kafka_offset`,
  );
  const poisoned = messages.filter(({ value }) => value.includes("poison"));
  expect(letters).toEqual(
    poisoned.map(({ key, value, headers }) => ({
      payload: value,
      message_key: key,
      headers: JSON.stringify({ number: Buffer.from(headers.number).toString("base64") }),
    })),
  );
  expect(await fixture.deadLetters()).toHaveLength(before.letters + 4);
  expect((await fixture.counts()).events - before.counts.events).toBe(5_996);
  expect(await fixture.missingOffsets()).toBe(0);
  await fixture.clickhouse.command("ALTER TABLE events_raw DROP CONSTRAINT no_poison");
  expect(await worker.kill()).toBe(0);
}, 120_000);

test("a table that refuses every row stalls the consumer and drains nothing into the dead letters", async () => {
  const before = { counts: await fixture.counts(), letters: (await fixture.deadLetters()).length };
  const worker = await fixture.startAssigned();
  await fixture.clickhouse.command("ALTER TABLE events_raw ADD CONSTRAINT none CHECK user_id = 'nobody'");
  await fixture.produce(Array.from({ length: 40 }, () => ({ value: eventJson(), partition: 0 })));
  await waitFor(async () => (await readiness(worker)).body.includes("refuses every row"), { timeoutMs: 60_000 });
  expect((await readiness(worker)).status).toBe(503);
  expect(await metric(worker, "countinghouse_consumer_store_stalled")).toBe(1);
  expect(await fixture.deadLetters()).toHaveLength(before.letters);
  await fixture.clickhouse.command("ALTER TABLE events_raw DROP CONSTRAINT none");
  await fixture.untilCommitted();
  expect((await fixture.counts()).events - before.counts.events).toBe(40);

  await fixture.clickhouse.command("ALTER TABLE events_raw DROP COLUMN extra");
  await fixture.produce([{ value: eventJson(), partition: 0 }]);
  await waitFor(async () => (await readiness(worker)).status === 503, { timeoutMs: 60_000 });
  expect(await fixture.deadLetters()).toHaveLength(before.letters);
  await fixture.clickhouse.command("ALTER TABLE events_raw ADD COLUMN extra String CODEC(ZSTD(1)) AFTER payload");
  await fixture.untilCommitted();
  await waitFor(async () => (await readiness(worker)).status === 200, { timeoutMs: 10_000 });
  expect((await fixture.counts()).events - before.counts.events).toBe(41);
  expect(await fixture.deadLetters()).toHaveLength(before.letters);
  expect(await worker.kill()).toBe(0);
}, 180_000);
