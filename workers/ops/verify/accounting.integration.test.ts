import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  createTestDatabase,
  eventRow,
  insertEventRows,
  type TestDatabase,
  useStack,
} from "../../../scripts/testkit/index.ts";
import {
  DEAD_LETTERS_COLUMNS,
  DEAD_LETTERS_TABLE,
  encodeDeadLetterRows,
} from "../../shared/clickhouse/tables/dead-letters.ts";
import type { DeadLetterClass } from "../../shared/event/index.ts";
import { accountPartition, countImpossible } from "./accounting.ts";

/** A topic deleted and created anew within the hour: offsets of the old one are no defects of the new one. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The new topic began at half past the last full hour. */
const sinceMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 30 * MINUTE_MS;
const scope = { topic: "events", sinceMs };
const range = { partition: 0, from: 0, end: 10 };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase((await useStack()).clickhouse);
}, 60_000);
afterAll(() => database.drop());

const storeEvents = (offsets: readonly number[], appendedMs: number) =>
  insertEventRows(
    database.clickhouse,
    offsets.map((kafkaOffset) =>
      eventRow({ eventId: crypto.randomUUID(), eventTimeMs: appendedMs, kafkaAppendTimeMs: appendedMs, kafkaOffset }),
    ),
  );

const storeLetter = (
  offset: number,
  { appendTimeMs = sinceMs + MINUTE_MS, errorClass = "schema" as DeadLetterClass, partition = 0 } = {},
) =>
  database.clickhouse.insert(
    DEAD_LETTERS_TABLE,
    DEAD_LETTERS_COLUMNS,
    encodeDeadLetterRows([
      {
        topic: "events",
        partition,
        offset,
        appendTimeMs,
        payloadHash: 1n,
        errorClass,
        reason: "test",
        key: Buffer.alloc(0),
        payload: Buffer.alloc(0),
        headersJson: "{}",
      },
    ]),
  );

const upTo = (end: number) => Array.from({ length: end }, (_, offset) => offset);

async function account() {
  const { lastClaimed, ...found } = await accountPartition(database.clickhouse, scope, range);
  const impossible = await countImpossible(database.clickhouse, scope, 0, { lastClaimed, endAfter: range.end });
  return { missing: found.missing, ambiguous: found.ambiguous, impossible };
}

test("offsets of the earlier topic are neither impossible nor ambiguous; those of this one are", async () => {
  await storeEvents(upTo(100), sinceMs - 10 * MINUTE_MS);
  await storeEvents(
    upTo(10).filter((offset) => offset !== 3),
    sinceMs + MINUTE_MS,
  );
  await storeLetter(3);
  expect(await account()).toEqual({ missing: 0, ambiguous: 0, impossible: 0 });

  await storeEvents([3], sinceMs + 2 * MINUTE_MS);
  expect(await account()).toEqual({ missing: 0, ambiguous: 1, impossible: 0 });
  await storeEvents([50], sinceMs + 3 * MINUTE_MS);
  await storeEvents([60], sinceMs + HOUR_MS);
  expect(await account()).toEqual({ missing: 0, ambiguous: 1, impossible: 2 });
});

test("letters count whatever time a client wrote on their messages", async () => {
  const clientTimes = [0, -1, Math.floor(Date.now() / 1000), 4_000_000_000_000];
  for (const [offset, appendTimeMs] of clientTimes.entries()) await storeLetter(offset, { appendTimeMs, partition: 1 });
  const found = await accountPartition(database.clickhouse, scope, { ...range, partition: 1, end: clientTimes.length });
  expect(found).toMatchObject({ deadLetters: clientTimes.length, missing: 0 });
});

test("an event that a later reading has stored settles a letter that blamed a time or the store, and no other", async () => {
  const classes = ["rejected_by_store", "too_old", "in_future", "too_large", "schema"] as const;
  const appendedMs = sinceMs + HOUR_MS;
  const events = classes.map((_, kafkaOffset) =>
    eventRow({
      ...{ eventId: crypto.randomUUID(), eventTimeMs: appendedMs, kafkaAppendTimeMs: appendedMs },
      ...{ kafkaOffset, kafkaPartition: 2 },
    }),
  );
  await insertEventRows(database.clickhouse, events);
  for (const [offset, errorClass] of classes.entries()) await storeLetter(offset, { errorClass, partition: 2 });
  const found = await accountPartition(database.clickhouse, scope, { ...range, partition: 2, end: classes.length });
  expect(found).toMatchObject({ received: 5, missing: 0, ambiguous: 1 });
  const [row] = await database.clickhouse.query(
    "SELECT received, dead_letters, missing, ambiguous FROM offsets_received WHERE kafka_partition = 2",
  );
  expect(row).toEqual({ received: "5", dead_letters: "5", missing: "0", ambiguous: "1" });
});
