import { afterEach, beforeEach, expect, test } from "bun:test";
import { useStack, waitFor } from "../../scripts/testkit/index.ts";
import { type ConsumerFixture, createConsumerFixture, eventJson, events, readiness } from "./testing/fixture.ts";

let fixture: ConsumerFixture;
beforeEach(async () => {
  fixture = await createConsumerFixture(await useStack(), { partitions: 1 });
}, 90_000);
afterEach(() => fixture?.close(), 30_000);

/** Kafka's number of the kind of resource that a topic is. */
const TOPIC_RESOURCE = 2;
const setTimestampType = (value: string) =>
  fixture.admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: TOPIC_RESOURCE,
        name: fixture.topic,
        configEntries: [{ name: "message.timestamp.type", value }],
      },
    ],
  });

test("a topic whose times clients write is refused with the command that fixes it; nothing is judged by such a time", async () => {
  await setTimestampType("CreateTime");
  await fixture.produce(events(5, 1));
  // Seconds instead of milliseconds, and none at all: valid events all the same.
  const odd = [String(Math.floor(Date.now() / 1000)), "0"].map((timestamp) => ({ value: eventJson(), timestamp }));
  await fixture.produce(odd);
  const worker = fixture.start();
  const line = await worker.waitForLog(({ json }) => json.code === "KAFKA_TOPIC_CREATE_TIME", { timeoutMs: 30_000 });
  expect(line.json.level).toBe("error");
  expect(String(line.json.next)).toMatch(
    new RegExp(
      `^kafka-configs.sh --bootstrap-server \\S+ --alter --entity-type topics --entity-name ${fixture.topic} --add-config message.timestamp.type=LogAppendTime$`,
    ),
  );
  expect((await readiness(worker)).status).toBe(503);
  expect(worker.exitCode).toBeNull();

  // Fixed, it goes on by itself, up to what no broker has dated: that is named, and not judged.
  await setTimestampType("LogAppendTime");
  let lastUndated = 6;
  // The broker takes a setting on some moments after it has acknowledged it.
  await waitFor(async () => {
    const [sent] = await fixture.produce(events(1, 1));
    if (sent?.logAppendTime !== "-1") return true;
    lastUndated += 1;
    return undefined;
  });
  expect(await worker.exited).toBe(1);
  const failed = worker.logs.find(({ json }) => json.msg === "worker failed");
  expect(failed?.json).toMatchObject({ code: "KAFKA_TOPIC_CREATE_TIME", retry: false });
  expect(String(failed?.json.next)).toContain(
    `ops skip --topic ${fixture.topic} --partition 0 --from 0 --to ${lastUndated}`,
  );
  expect(await fixture.deadLetters()).toEqual([]);
  expect((await fixture.counts()).raw).toBe(0);
}, 120_000);

test("what the broker dated before clients did is stored before the consumer stops", async () => {
  await fixture.produce(events(4, 1));
  const worker = await fixture.startAssigned();
  await fixture.untilCommitted();
  await setTimestampType("CreateTime");
  await waitFor(async () => {
    await fixture.produce([{ value: eventJson() }]);
    await Bun.sleep(100);
    return worker.exitCode !== null;
  });
  expect(await worker.exited).toBe(1);
  const { events: stored } = await fixture.counts();
  expect(stored).toBeGreaterThanOrEqual(4);
  const failed = worker.logs.find(({ json }) => json.msg === "worker failed");
  expect(String(failed?.json.next)).toContain(`--from ${stored} --to `);
  expect(await fixture.deadLetters()).toEqual([]);
}, 120_000);

test("a column that has another type than the schema's stalls the consumer, and refuses its start", async () => {
  const worker = await fixture.startAssigned();
  await fixture.produce([{ value: eventJson({ session_id: "short" }) }]);
  await fixture.untilCommitted();
  const alter = (type: string) => fixture.clickhouse.command(`ALTER TABLE events_raw MODIFY COLUMN session_id ${type}`);
  await alter("FixedString(8)");
  // Most rows fit: bisecting would find that the store accepts them, and blame the others.
  const sessions = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? "a session of more than eight bytes" : "short"));
  await fixture.produce(sessions.map((session_id) => ({ value: eventJson({ session_id }) })));
  const line = await worker.waitForLog(({ json }) => json.code === "CLICKHOUSE_131", { timeoutMs: 30_000 });
  expect(String(line.json.next)).toContain("MODIFY COLUMN");
  expect((await readiness(worker)).status).toBe(503);
  expect(await fixture.deadLetters()).toEqual([]);
  await worker.kill("SIGKILL");

  const again = fixture.start();
  const refused = await again.waitForLog(({ json }) => json.code === "CLICKHOUSE_COLUMN_TYPE", { timeoutMs: 30_000 });
  expect(String(refused.json.error)).toContain("events_raw.session_id is FixedString(8) instead of String");
  expect(String(refused.json.next)).toContain("ALTER TABLE events_raw MODIFY COLUMN session_id String");
  await alter("String CODEC(ZSTD(1))");
  await fixture.untilCommitted();
  expect(await fixture.deadLetters()).toEqual([]);
  expect((await fixture.counts()).events).toBe(41);
  expect(await again.kill()).toBe(0);
}, 120_000);
