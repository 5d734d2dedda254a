/** A store that was filled before the baseline and is brought over stays exact, as the compiled workers see it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createDatabase, splitStatements } from "../../workers/shared/clickhouse/migrate.ts";
import offsetsWithoutMessage from "../../workers/shared/clickhouse/schema/offsets_without_message.sql" with {
  type: "text",
};
import oldStore from "../../workers/shared/clickhouse/testing/store-at-version-14.sql" with { type: "text" };
import { ensureTopics, topicSpecs } from "../../workers/shared/kafka/topics.ts";
import { eventMessage, TICKET, waitFor } from "../testkit/index.ts";
import { checkRoles } from "../testkit/roles/check-roles.ts";
import { done, RolePipeline } from "../testkit/roles/role-pipeline.ts";

const HOUR_MS = 3_600_000;
/** Its views on inserts ran with the rights of whoever inserts, who therefore had to have all of them. */
const OLD_RIGHTS = (users: string) =>
  users.replace(
    "<query>GRANT INSERT ON countinghouse.events_raw</query>",
    "$&<query>GRANT SELECT, INSERT ON countinghouse.*</query>",
  );

let pipeline: RolePipeline;
beforeAll(async () => {
  pipeline = await RolePipeline.start();
}, 180_000);
afterAll(() => pipeline?.stop(), 60_000);

const noon = Math.floor((Date.now() - 36 * HOUR_MS) / HOUR_MS) * HOUR_MS;
const clicks = Array.from({ length: 300 }, (_, i) => eventMessage(noon + i * 7_000));
const tickets = Array.from({ length: 60 }, (_, i) => eventMessage(noon + i * 60_000, TICKET));
const simulate = (seed: number) =>
  `simulate --rate 200 --seconds 2 --seed ${seed} --late-share 0.1 --late-range 1-2 --malformed-share 0.02 --drain-held now`;

/** What people saw: every event, letter, ledger entry, minute and hour. */
async function shown(): Promise<Record<string, string>[]> {
  return pipeline.store.client().query(
    `SELECT (SELECT count() FROM events) AS events, (SELECT sum(cityHash64(toString(event_id), size_bytes)) FROM events) AS ids,
      (SELECT sum(events) FROM events_per_minute) AS minutes, (SELECT sum(checksum) FROM events_per_minute) AS sums,
      (SELECT sum(events) FROM events_per_hour) AS hours, (SELECT sum(events) FROM producer_ledger) AS ledger,
      (SELECT count() FROM dead_letters) AS letters, (SELECT sum(redelivered) FROM duplicates_per_minute) AS redelivered`,
  );
}

/** Waits until minutes and hours hold every event. */
async function settled(): Promise<Record<string, string>> {
  let seen: Record<string, string> = {};
  const level = async () => {
    [seen = {}] = await shown();
    return seen.minutes === seen.events && seen.hours === seen.events;
  };
  await waitFor(level, { timeoutMs: 60_000, describe: () => `the views to settle: ${JSON.stringify(seen)}` });
  return seen;
}

let before: Record<string, string>;

test("a store at version 14 is filled: late, duplicate, broken and redelivered events, letters and ledger", async () => {
  await pipeline.store.as("migrate");
  await createDatabase(pipeline.store.client("default"), pipeline.store.database);
  const client = pipeline.store.client();
  for (const statement of splitStatements(oldStore)) await client.command(statement);
  const topics = topicSpecs(pipeline.config, { partitions: 6, retentionMs: 7 * 24 * HOUR_MS });
  await ensureTopics(pipeline.admin, topics, 1);
  await pipeline.produce([...clicks, ...clicks.slice(0, 40), ...tickets, "{broken", "null", { event_id: "x" }]);
  expect(await pipeline.run("producer", simulate(1).split(" "))).toMatchObject({ code: 0 });
  // Today's consumer writes the same columns, and asks for one table and one column more than there were.
  for (const statement of splitStatements(offsetsWithoutMessage)) await client.command(statement);
  await client.command("ALTER TABLE ledger_instances ADD COLUMN reached String DEFAULT ''");
  await pipeline.consume({ mutate: OLD_RIGHTS });
  await pipeline.forgetCommits();
  await pipeline.consume({ mutate: OLD_RIGHTS });
  before = await settled();
  expect(Number(before.events)).toBeGreaterThan(700);
  expect(Number(before.redelivered)).toBeGreaterThanOrEqual(Number(before.events));
  expect(Number(before.letters)).toBeGreaterThan(3);
  await pipeline.store.as("migrate");
  await pipeline.store.client().command("DROP TABLE offsets_without_message");
  // Files left no ledger at that time.
  await pipeline.store
    .client()
    .command("ALTER TABLE ledger_instances DELETE WHERE reached != '' SETTINGS mutations_sync = 2");
  await pipeline.store.client().command("ALTER TABLE ledger_instances DROP COLUMN reached");
}, 300_000);

test("brought over it shows the same, and what is proven of it is exact", async () => {
  expect(await pipeline.migrate()).toEqual(done("4 migrations applied"));
  await pipeline.store.as("operate");
  expect(await settled()).toEqual(before);
  await pipeline.expectExact();
}, 300_000);

test("the consumer goes on in it with the rights that are shipped, and it stays exact", async () => {
  const later = Array.from({ length: 50 }, (_, i) => eventMessage(noon + 3 * HOUR_MS + i * 9_000));
  // Copies of what was stored before, new events in minutes that were computed before, and others.
  await pipeline.produce([
    ...clicks.slice(100, 150),
    ...tickets.slice(0, 10),
    eventMessage(noon + 1),
    ...later,
    "{broken too",
  ]);
  expect(await pipeline.run("producer", simulate(2).split(" "))).toMatchObject({ code: 0 });
  await pipeline.consume();
  await pipeline.store.as("operate");
  const after = await settled();
  expect(Number(after.events)).toBeGreaterThan(Number(before.events) + 51);
  await pipeline.expectExact();
  expect(await pipeline.ops("conflicts list")).toEqual(done("0 of 0 conflicting"));
  // Last: what it stores comes from no topic.
  expect(await checkRoles(pipeline.store)).toEqual([]);
}, 300_000);
