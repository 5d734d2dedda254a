import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  createTestDatabase,
  eventRow,
  insertEventRows,
  type TestDatabase,
  useStack,
} from "../../../../scripts/testkit/index.ts";
import { EXPECTED_SCHEMA } from "../rules/schema-rules.ts";
import { EventsBlock } from "./events-block.ts";
import { EVENTS_RAW_COLUMNS, EVENTS_RAW_TABLE, type EventRow } from "./events-raw.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase((await useStack()).clickhouse);
}, 60_000);
afterAll(() => db.drop());

const now = Math.floor(Date.now() / 1000) * 1000;

/** Values at the limits of their columns, and enough rows for every buffer to grow. */
function rows(firstOffset: number): EventRow[] {
  return Array.from({ length: 1_000 }, (_, i) =>
    eventRow({
      eventId: crypto.randomUUID(),
      eventTimeMs: now + i * 7,
      kafkaOffset: firstOffset + i,
      receivedTimeMs: i % 2 === 0 ? 0 : 4_294_943_999_999,
      source: ["web", "lottery", "sensor"][i % 3] ?? "web",
      userId: "é".repeat(i % 130),
      sessionId: "s".repeat(i),
      amountE4: [0, 1, 999_999_999_999_999][i % 3] ?? 0,
      currency: i % 4 === 0 ? "EUR" : "",
      // One is larger than any chunk of a column.
      payloadJson: JSON.stringify({ text: "x".repeat(i === 600 ? 300_000 : i * 3) }),
      extraJson: i % 5 === 0 ? '{"a":"\u0000\u{1F600}"}' : "",
      sizeBytes: i === 0 ? 4_294_967_295 : i,
      latencyMs: (i - 500) * 10_000_000_000,
      ingestDelayMs: i % 2 === 0 ? -1 : Number.MAX_SAFE_INTEGER,
      isLate: i % 2 === 0,
      producer: i % 3 === 0 ? "p-1" : "",
      kafkaPartition: i % 7,
      kafkaAppendTimeMs: now + i,
    }),
  );
}

async function stored(firstOffset: number): Promise<Record<string, unknown>[]> {
  return db.clickhouse.query(
    `SELECT ${EVENTS_RAW_COLUMNS.join(", ")}, event_date, version FROM events_raw
     WHERE kafka_offset >= {first:UInt64} AND kafka_offset < {first:UInt64} + 1000 ORDER BY kafka_offset`,
    { params: { first: firstOffset } },
  );
}

test("columns are sent with the types of the schema, by which the consumer judges a store before it starts", () => {
  const sent = Object.entries(new EventsBlock().columns).map(([name, { type }]) => [name, type]);
  const schema = EXPECTED_SCHEMA[EVENTS_RAW_TABLE]?.columns ?? {};
  expect(sent).toEqual(EVENTS_RAW_COLUMNS.map((name) => [name, schema[name] ?? ""]));
});

test("a block in Native format stores what RowBinary stores", async () => {
  const given = rows(0);
  await insertEventRows(db.clickhouse, given);
  const expected = await stored(0);
  expect(expected).toHaveLength(1_000);
  await db.clickhouse.command("TRUNCATE TABLE events_raw");
  const block = new EventsBlock();
  // The second filling uses buffers that have grown and hold old bytes.
  for (const row of rows(5_000)) block.add(row);
  block.reset();
  for (const row of given) block.add(row);
  await db.clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, block.encode());
  expect(await stored(0)).toEqual(expected);

  await db.clickhouse.command("TRUNCATE TABLE events_raw");
  const some = given.flatMap((_, row) => (row % 3 === 0 ? [row] : []));
  await db.clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, block.encode(some));
  expect(await stored(0)).toEqual(expected.filter((_, row) => row % 3 === 0));
}, 60_000);

test("the same rows by either encoding become the same part, byte for byte, however many values a column has", async () => {
  const day = Math.floor(now / 86_400_000) * 86_400_000 - 86_400_000;
  /** Up to 70,000 producers: more than 8 and than 16 bits can number. */
  for (const producers of [1, 300, 70_000]) {
    const given = Array.from({ length: 70_000 }, (_, i) =>
      eventRow({
        eventId: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
        eventTimeMs: day + i,
        receivedTimeMs: day + i,
        kafkaAppendTimeMs: day + i,
        kafkaOffset: i,
        source: ["web", "lottery"][i % 2] ?? "",
        eventType: `type-${i % 5}`,
        currency: i % 4 === 0 ? "EUR" : "",
        producer: i % 3 === 0 ? "" : `p-${i % producers}`,
      }),
    );
    const block = new EventsBlock();
    for (const row of given) block.add(row);
    const parts: unknown[] = [];
    const insertBlock = () => db.clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, block.encode());
    for (const insert of [() => insertEventRows(db.clickhouse, given), insertBlock]) {
      await db.clickhouse.command("TRUNCATE TABLE events_raw");
      await insert();
      parts.push(
        await db.clickhouse.query(
          `SELECT rows, hash_of_uncompressed_files AS hash FROM system.parts
           WHERE database = currentDatabase() AND table = 'events_raw' AND active`,
        ),
      );
    }
    expect(parts[0]).toHaveLength(1);
    expect(parts[1]).toEqual(parts[0]);
  }
}, 120_000);
