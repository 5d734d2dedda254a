import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  createTestDatabase,
  eventRow,
  insertEventRows,
  type TestDatabase,
  useStack,
} from "../../../scripts/testkit/index.ts";
import { AppError } from "../runtime/errors.ts";
import { migrate, planMigrations, splitStatements } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";
import { rawRetentionDays, setRawRetention } from "./retention.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase((await useStack()).clickhouse);
}, 60_000);
afterAll(() => db.drop());

const nothing = { created: [], applied: [], replaced: [], secured: [] };

test("a second run changes nothing", async () => {
  expect(await migrate(db.clickhouse)).toEqual(nothing);
});

test("a run that was interrupted is repeated as it is", async () => {
  await db.clickhouse.command("TRUNCATE TABLE schema_migrations");
  await db.clickhouse.command("ALTER TABLE schema_views DELETE WHERE name = 'alerts'", {
    settings: { mutations_sync: 1 },
  });
  for (const name of ["events_per_hour", "minute_marks_on_insert", "lake_runs"]) {
    await db.clickhouse.command(`DROP TABLE ${name} SYNC`);
  }
  expect(await migrate(db.clickhouse)).toEqual({
    created: ["lake_runs", "minute_marks_on_insert"],
    applied: MIGRATIONS.map(({ name }) => name),
    replaced: ["events_per_hour", "alerts"],
    secured: [],
  });
  expect(await migrate(db.clickhouse)).toEqual(nothing);
});

test("a store of before the baseline is refused", async () => {
  const applied = Array.from({ length: 11 }, (_, i) => ({ version: i + 1, name: "x", checksum: "x" }));
  expect(() => planMigrations(applied, MIGRATIONS)).toThrow("schema version 11");
});

test("the views of a newer binary are left alone, their owners are not", async () => {
  const newer = { version: 99, name: "future", sql: "SELECT 1" };
  await migrate(db.clickhouse, { migrations: [...MIGRATIONS, newer] });
  await db.clickhouse.command("DROP VIEW alerts");
  expect(await migrate(db.clickhouse)).toEqual(nothing);
  await db.clickhouse.command("ALTER TABLE schema_migrations DELETE WHERE version = 99", {
    settings: { mutations_sync: 1 },
  });
  expect((await migrate(db.clickhouse)).replaced).toEqual(["alerts"]);
});

const securities = () =>
  db.clickhouse.query<{ name: string; definer: string; invoker: number }>(
    `SELECT name, definer, position(create_table_query, 'SQL SECURITY INVOKER') > 0 AS invoker FROM system.tables
     WHERE database = currentDatabase() AND engine IN ('View', 'MaterializedView') ORDER BY name`,
  );

test("every view says with whose rights it runs; the next run heals what was changed", async () => {
  const [me] = await db.clickhouse.query<{ user: string }>("SELECT currentUser() AS user");
  const before = await securities();
  expect(before.length).toBeGreaterThan(15);
  for (const { definer, invoker } of before) expect([me?.user, ""]).toContain(invoker ? "" : definer);
  expect(before.filter(({ invoker }) => !invoker).map(({ name }) => name)).toEqual([
    "event_index_on_insert",
    "events_per_hour_refresh",
    "events_per_minute_refresh",
    "minute_marks_on_insert",
    "received_offsets_on_insert",
  ]);
  await db.clickhouse.command("DROP VIEW event_index_on_insert");
  await db.clickhouse.command(
    "CREATE MATERIALIZED VIEW event_index_on_insert TO event_index AS SELECT event_id, event_minute, source, event_type FROM events_raw",
  );
  await db.clickhouse.command("ALTER TABLE events MODIFY DEFINER = CURRENT_USER SQL SECURITY DEFINER");
  await db.clickhouse.command("CREATE VIEW somebodys DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT 1 AS a");
  expect(await migrate(db.clickhouse)).toEqual({ ...nothing, secured: ["event_index_on_insert", "events"] });
  expect((await securities()).filter(({ name }) => name !== "somebodys")).toEqual(before);
});

test("an edited file is refused", async () => {
  const edited = MIGRATIONS.map((m) => (m.version === 15 ? { ...m, sql: `${m.sql}\n-- edited` } : m));
  const refused = await migrate(db.clickhouse, { migrations: edited }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AppError);
  expect((refused as AppError).code).toBe("MIGRATION_EDITED");
});

test("versions of a newer binary are left alone", () => {
  const applied = [{ version: 99, name: "future", checksum: "x" }];
  expect(planMigrations(applied, MIGRATIONS)).toEqual([...MIGRATIONS]);
});

test("statements are split at semicolons that end a line", () => {
  expect(splitStatements("-- a; b\nSELECT ';' AS x;\n\n-- only a comment\n;SELECT 2;")).toHaveLength(2);
});

const horizon = async () =>
  (await db.clickhouse.query<{ s: string }>("SELECT toString(toDate(complete_since)) AS s FROM raw_horizon"))[0]?.s;

test("a store that never held an event takes any retention: `ops restore` may fill all of it", async () => {
  expect(await setRawRetention(db.clickhouse, 400)).toBe(true);
  const day = new Date(Date.now() - 399 * 86_400_000).toISOString().slice(0, 10);
  expect(await horizon()).toBe(day);
  expect(await setRawRetention(db.clickhouse, 90)).toBe(true);
});

test("lengthening the retention marks the days before as incomplete", async () => {
  await insertEventRows(db.clickhouse, [
    eventRow({ eventId: crypto.randomUUID(), eventTimeMs: Date.now(), kafkaOffset: 0 }),
  ]);
  expect(await rawRetentionDays(db.clickhouse)).toBe(90);
  expect(await setRawRetention(db.clickhouse, 30)).toBe(true);
  const at30 = await horizon();
  expect(await setRawRetention(db.clickhouse, 60)).toBe(true);
  expect(await horizon()).toBe(at30);
  expect(await setRawRetention(db.clickhouse, 60)).toBe(false);
  const [table] = await db.clickhouse.query<{ q: string }>(
    "SELECT create_table_query AS q FROM system.tables WHERE database = currentDatabase() AND name = 'events_raw'",
  );
  expect(table?.q).toContain("toIntervalDay(60)");
});
