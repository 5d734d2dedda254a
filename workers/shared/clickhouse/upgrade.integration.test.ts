import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  createTestDatabase,
  eventRow,
  insertEventRows,
  type TestDatabase,
  useStack,
  waitFor,
} from "../../../scripts/testkit/index.ts";
import { shippedContract } from "../contract/shipped-contract.ts";
import { schemaObjects } from "./metrics/objects.ts";
import { migrate, splitStatements } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";
import type { EventRow } from "./tables/events-raw.ts";
import version14 from "./testing/store-at-version-14.sql" with { type: "text" };
import version17 from "./testing/store-at-version-17.sql" with { type: "text" };

/** Of before the baseline, and of before metrics by dimensions. */
const STORES = [
  { version: 14, ddl: version14 },
  { version: 17, ddl: version17 },
];

let old: TestDatabase;
let fresh: TestDatabase;
beforeAll(async () => {
  fresh = await createTestDatabase((await useStack()).clickhouse);
}, 120_000);
afterAll(() => fresh.drop());

const HOUR = 3_600_000;
const base = Math.floor(Date.now() / HOUR) * HOUR - 48 * HOUR;
let nextOffset = 0;
const row = (eventTimeMs: number): EventRow =>
  eventRow({ eventId: crypto.randomUUID(), eventTimeMs, kafkaOffset: nextOffset++ });
const insert = (rows: EventRow[]) => insertEventRows(old.clickhouse, rows);

async function counted(view: "minute" | "hour"): Promise<number> {
  const [found] = await old.clickhouse.query<{ n: string }>(
    `SELECT sum(events) AS n FROM events_per_${view} WHERE event_${view} = {at:UInt32}`,
    { params: { at: base / 1000 } },
  );
  return Number(found?.n ?? 0);
}
const until = (view: "minute" | "hour", n: number) =>
  waitFor(async () => (await counted(view)) === n, { timeoutMs: 60_000, describe: `${n} a ${view}` });

/** Repeats a task without a pause until it is stopped; `stop` says how often it ran, or throws as it did. */
function repeat(task: () => Promise<void>): { stop: () => Promise<number> } {
  let going = true;
  const running = (async () => {
    let times = 0;
    for (; going; times++) await task();
    return times;
  })();
  running.catch(() => undefined);
  return {
    stop: () => {
      going = false;
      return running;
    },
  };
}

/** Every object with its DDL and columns as the engine has them, the database's name apart. */
async function objects({ clickhouse, config }: TestDatabase) {
  const ddl = await clickhouse.query<{ name: string; definer: string; ddl: string }>(
    "SELECT name, definer, create_table_query AS ddl FROM system.tables WHERE database = currentDatabase() ORDER BY name",
  );
  const columns = await clickhouse.query<{ table: string; name: string }>(
    `SELECT table, name, type, default_kind, default_expression, compression_codec, comment, is_in_primary_key
     FROM system.columns WHERE database = currentDatabase() ORDER BY table, position`,
  );
  return ddl.map((object) => ({
    ...object,
    ddl: object.ddl.replaceAll(config.CLICKHOUSE_DATABASE, "db"),
    columns: columns.filter(({ table }) => table === object.name),
  }));
}

describe.each(STORES)("a store at version $version", ({ version, ddl }) => {
  const newer = MIGRATIONS.filter((migration) => migration.version > version);

  beforeAll(async () => {
    old = await createTestDatabase((await useStack()).clickhouse, { empty: true });
    for (const statement of splitStatements(ddl)) await old.clickhouse.command(statement);
  }, 120_000);
  afterAll(() => old.drop());

  test("keeps its counts; writes and reads go on while it is brought over", async () => {
    const early = Array.from({ length: 300 }, (_, i) => row(base + i * 1000));
    await insert(early);
    await until("minute", 60);
    await until("hour", 300);
    // Marked and not computed yet when the schema changes.
    await insert([row(base + 1), ...early.slice(0, 10)]);
    let inserted = 311;
    const writer = repeat(() => insert([row(base + 30_000)]));
    const reader = repeat(async () => {
      expect(await counted("minute")).toBeGreaterThanOrEqual(60);
      expect(await counted("hour")).toBeGreaterThanOrEqual(300);
      await old.clickhouse.query("SELECT count() FROM conflicts");
    });

    const report = await migrate(old.clickhouse);
    await migrate(old.clickhouse);
    expect(await reader.stop()).toBeGreaterThan(0);
    const written = await writer.stop();
    expect(written).toBeGreaterThan(1);
    inserted += written;
    // Tables that came after; none that was there.
    for (const name of report.created) expect(ddl).not.toContain(`TABLE ${name} (`);
    expect(report.applied).toEqual(newer.map(({ name }) => name));

    await insert([row(base + 2), row(base + 60_000), ...early]);
    inserted += 302;
    await until("minute", 62 + written);
    await until("hour", 303 + written);
    // Each insert was seen by the views exactly once: none dropped, none doubled.
    const [accounted] = await old.clickhouse.query<Record<string, string>>(
      `SELECT sum(rows_received) AS received, (SELECT sum(rows_marked) FROM minute_marks) AS marked,
         (SELECT uniqExact(event_id) FROM event_index) AS known FROM received_offsets`,
    );
    expect(accounted).toEqual({
      received: String(inserted),
      marked: String(inserted),
      known: String(inserted - 310),
    });
    expect(await old.clickhouse.query("SELECT * FROM conflicts")).toEqual([]);
  }, 200_000);

  test("brought over, it has the objects of a new store: the same DDL, columns and owners", async () => {
    const expected = await objects(fresh);
    expect(expected.map(({ name }) => name)).toEqual(
      [...schemaObjects(shippedContract()).map(({ name }) => name), "schema_migrations", "schema_views"].sort(),
    );
    const found = await objects(old);
    for (const [i, object] of expected.entries()) expect(found[i]).toEqual(object);
    expect(found).toHaveLength(expected.length);
    const history = async ({ clickhouse }: TestDatabase) =>
      clickhouse.query(
        "SELECT version, name, checksum FROM schema_migrations FINAL WHERE version > 14 ORDER BY version",
      );
    expect(await history(old)).toEqual(await history(fresh));
  });
});
