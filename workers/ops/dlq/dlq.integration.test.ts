import { afterAll, beforeAll, expect, test } from "bun:test";
import { messageOf, type TestEvent, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";

let fixture: OpsFixture;
const [event, other] = testEvents(2, Date.now() - 10_000) as [TestEvent, TestEvent];
const valid = String(messageOf(event).value);
/** What printing parsed JSON again would change. */
const DIGITS = '"order":73314510714175489,"price":0.10,"huge":1e400,"k":1,"k":2';
const withDigits = String(messageOf(other).value).replace('"payload":{', `"payload":{${DIGITS},`);

beforeAll(async () => {
  fixture = await createOpsFixture("dlq");
  await fixture.produce([
    { partition: 0, key: "alice", value: valid.slice(0, -5) },
    { partition: 1, key: "bob", value: Buffer.from([0xff, 0x00, 0x41]) },
    messageOf(other, { partition: 1 }),
  ]);
  // The store refuses the valid one.
  await fixture.consume({ row: () => undefined });
  const [letter] = await fixture.clickhouse.query<{ t: string }>(
    "SELECT toUnixTimestamp64Milli(max(append_time)) AS t FROM dead_letters",
  );
  const payload = Buffer.from(withDigits);
  await fixture.storeDeadLetters([
    {
      topic: fixture.name,
      partition: 1,
      offset: 1,
      appendTimeMs: Number(letter?.t),
      payloadHash: Bun.hash.xxHash64(payload),
      errorClass: "rejected_by_store",
      reason: "test",
      key: Buffer.from("carol"),
      payload,
      headersJson: JSON.stringify({ trace: Buffer.from("t1").toString("base64") }),
    },
  ]);
}, 90_000);
afterAll(() => fixture.close());

const stored = async () =>
  Number((await fixture.clickhouse.query<{ n: string }>("SELECT count() AS n FROM events"))[0]?.n ?? 0);

test("lists by class, as a table and as JSON", async () => {
  expect((await fixture.run(["dlq", "list"])).out).toContain("3 of 3 dead letters shown");
  const times = async (...flags: string[]) => {
    const { out } = await fixture.run(["dlq", "list", "--json", ...flags]);
    return out
      .trim()
      .split("\n")
      .map((line) => String(JSON.parse(line).append_time));
  };
  expect(await times()).toEqual((await times()).sort().reverse());
  expect(await times("--oldest-first")).toEqual((await times()).sort());
  const { out } = await fixture.run(["dlq", "list", "--class", "rejected_by_store", "--json"]);
  expect(JSON.parse(out)).toMatchObject({ partition: 1, offset: 1, replayed_at: null });
  expect((await fixture.run(["dlq", "list", "--class", "nonsense"])).code).toBe(2);
});

test("--payload writes the bytes of the message and nothing else", async () => {
  const text = await fixture.run(["dlq", "show", `${fixture.name}/0/0`, "--payload"]);
  expect(text.out).toBe(valid.slice(0, -5));
  const bytes = await fixture.run(["dlq", "show", `${fixture.name}/1/0`, "--payload"]);
  expect(bytes.out).toBe("\xff\x00A");
});

test("shows text as text and bytes as hex", async () => {
  const text = await fixture.run(["dlq", "show", `${fixture.name}/0/0`]);
  expect(text.out).toContain(event.id);
  expect(text.out).toMatch(/key +alice/);
  const digits = (await fixture.run(["dlq", "show", `${fixture.name}/1/1`])).out;
  expect(digits.split("\n")).toContain(withDigits);
  expect((await fixture.run(["dlq", "show", `${fixture.name}/1/0`])).out).toContain("ff 00 41");
  expect((await fixture.run(["dlq", "show", `${fixture.name}/1/999`])).code).toBe(2);
  expect((await fixture.run(["dlq", "show", "nonsense"])).code).toBe(2);
});

test("asks before it puts anything back", async () => {
  expect((await fixture.run(["dlq", "replay"])).code).toBe(2);
  expect((await fixture.run(["dlq", "replay", "--all"])).err).toContain("not confirmed");
  expect((await fixture.run(["dlq", "replay", "--all", "--dry-run"])).out).toContain("nothing was done");
  const unrepaired = await fixture.run(["dlq", "replay", "--all", "--yes"]);
  expect(unrepaired.err).toContain("2 of them (malformed_json) will be refused again");
  expect(unrepaired.err).toContain("--unrepaired");
  expect(unrepaired.code).toBe(2);
  expect((await fixture.consume()).rows).toEqual([]);
}, 30_000);

test("puts a rejected event back with its key and headers, and counts it once however often", async () => {
  const replay = ["dlq", "replay", "--class", "rejected_by_store", "--yes"];
  expect((await fixture.run(replay)).out).toContain("put back: 1 of 1, failed: 0");
  const { rows } = await fixture.consume();
  expect(rows).toMatchObject([{ eventId: other.id, payloadJson: expect.stringContaining(DIGITS) }]);
  expect(await stored()).toBe(1);

  expect((await fixture.run(replay)).out).toContain("nothing to put back");
  const again = await fixture.run([...replay, "--again"]);
  expect(again.out).toContain("put back: 1");
  await fixture.consume();
  expect(await stored()).toBe(1);
  const audit = await fixture.run(["verify", "--audit"]);
  expect(audit.out).toContain("EXACT");
  expect(audit.code).toBe(0);
}, 60_000);

test("puts a repaired message back", async () => {
  const { out } = await fixture.run(["dlq", "replay", `${fixture.name}/0/0`, "--edit", "-", "--yes"], { stdin: valid });
  expect(out).toContain("put back: 1");
  const { rows } = await fixture.consume();
  expect(rows).toMatchObject([{ eventId: event.id }]);
  expect((await fixture.run(["dlq", "list", "--json"])).out).toContain('"replayed_at":"20');
  const replayed = await fixture.run(["dlq", "replay", `${fixture.name}/0/0`, "--yes"]);
  expect(replayed.err).toMatch(/already replayed at 20.*; use --again/);
  expect(replayed.out).toContain("nothing to put back");
  const many = await fixture.run(["dlq", "replay", "--all", "--again", "--edit", "-", "--yes"], { stdin: valid });
  expect(many.err).toContain("--edit goes with one letter");
  expect(many.code).toBe(2);
}, 60_000);
