/** What the roles of the shipped users file must not do, and that the suite would see it if something were wrong. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ClickHouseError } from "../../workers/shared/clickhouse/errors.ts";
import { checkRoles } from "../testkit/roles/check-roles.ts";
import { FORBIDDEN } from "../testkit/roles/rights.ts";
import { RoleStore } from "../testkit/roles/role-store.ts";
import { rolesOf, shippedUsers } from "../testkit/roles/users-config.ts";

let store: RoleStore;
beforeAll(async () => {
  store = await RoleStore.create();
  await store.migrate();
}, 60_000);
afterAll(() => store.remove(), 60_000);

/** The server's code of a refusal, 0 when the statement was run. */
const codeOf = (statement: Promise<unknown>): Promise<number | undefined> =>
  statement.then(
    () => 0,
    (error) => {
      if (!(error instanceof ClickHouseError)) throw error;
      return error.serverCode;
    },
  );

describe("refused", () => {
  for (const role of rolesOf(shippedUsers())) {
    test(`${role}: whatever is not its work`, async () => {
      await store.as(role);
      const client = store.client();
      const statements = FORBIDDEN.filter(({ roles }) => roles.includes(role)).map(({ sql }) => sql);
      const codes: [string, number | undefined][] = [];
      for (const sql of statements) codes.push([sql, await codeOf(client.command(sql))]);
      const refusals = role === "read" ? [497, 164] : [497];
      expect(codes.filter(([, code]) => !refusals.includes(code ?? -1))).toEqual([]);
      expect(codes.length).toBeGreaterThan(5);
    }, 120_000);
  }
});

describe("limits", () => {
  const shorter = (from: string, to: string) => (users: string) => {
    if (!users.includes(from)) throw new Error(`the users file has no ${from}`);
    return users.replaceAll(from, to);
  };
  const endless = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number)";

  test("the profile ends a query that takes too long, and one that takes too much memory", async () => {
    const seconds = shorter("<max_execution_time>600<", "<max_execution_time>1<");
    const memory = shorter("<max_memory_usage>2000000000<", "<max_memory_usage>50000000<");
    await store.as("read", { mutate: (users) => memory(seconds(users)) });
    expect(await codeOf(store.client().query(endless))).toBe(159);
    expect(await codeOf(store.client().query("SELECT groupArray(number) FROM numbers(100000000)"))).toBe(241);
  }, 60_000);

  test("the quota ends a query that goes on returning rows", async () => {
    await store.as("read", { mutate: shorter("<execution_time>600<", "<execution_time>1<") });
    const slow = "SELECT sleepEachRow(0.5) FROM numbers(60) SETTINGS max_block_size = 1";
    expect(await codeOf(store.client().query(slow))).toBe(201);
  }, 60_000);

  test("the quota ends a loop of inserts, and the refusal is one that passes", async () => {
    await store.as("insert", { mutate: shorter("<queries>60000<", "<queries>20<") });
    const client = store.client();
    const ask = () => client.query("SELECT count() FROM pipeline_settings");
    const codes = new Set<number | undefined>();
    for (let i = 0; i < 40; i++) codes.add(await codeOf(ask()));
    expect([...codes]).toEqual([0, 201]);
    expect(await ask().catch((error) => error)).toMatchObject({ retry: true, next: expect.stringContaining("quota") });
  }, 60_000);

  test("the quota ends a loop of refused requests", async () => {
    await store.as("insert", { mutate: shorter("<errors>6000<", "<errors>5<") });
    const client = store.client();
    const codes: (number | undefined)[] = [];
    for (let i = 0; i < 12; i++) codes.push(await codeOf(client.query("SELECT count() FROM events_raw")));
    expect([...new Set(codes)]).toEqual([497, 201]);
  }, 60_000);
});

describe("the suite sees", () => {
  const check = async (changes: Parameters<typeof checkRoles>[1] = {}) => (await checkRoles(store, changes)).join("\n");
  const asMigrate = async (...statements: string[]) => {
    await store.as("migrate");
    for (const sql of statements) await store.client().command(sql);
  };
  /** Makes a view anew with other words in its statement. */
  const remake = async (view: string, change: (sql: string) => string) => {
    await store.as("migrate");
    const [row] = await store
      .client()
      .query<{ sql: string }>("SELECT create_table_query AS sql FROM system.tables WHERE name = {view:String}", {
        params: { view },
      });
    const changed = change(row?.sql ?? "");
    expect(changed).not.toBe(row?.sql ?? "");
    await asMigrate(`DROP VIEW ${view}`, changed);
  };
  const SECURITY = / DEFINER = \S+ SQL SECURITY DEFINER/;

  test("nothing where all is well", async () => {
    await store.migrate();
    expect(await check()).toBe("");
  }, 120_000);

  test("a view without security", async () => {
    await remake("minute_marks_on_insert", (sql) => sql.replace(SECURITY, ""));
    const found = await check();
    expect(found).toContain("minute_marks_on_insert: runs with the rights of whoever inserts");
    expect(found).toMatch(/insert: events are refused.*pushing to a view, run `ops migrate`/);
    await store.migrate();
    expect(await check()).toBe("");
  }, 120_000);

  test("CURRENT_USER as owner", async () => {
    const owner = "MODIFY DEFINER = CURRENT_USER SQL SECURITY DEFINER";
    await asMigrate(`ALTER TABLE event_index_on_insert ${owner}`, `ALTER TABLE events_per_minute_refresh ${owner}`);
    const found = await check();
    expect(found).toContain("event_index_on_insert: runs with the rights of default");
    expect(found).toContain("insert: events are refused");
    await store.migrate();
  }, 120_000);

  test("a missing grant, of which the worker is refused", async () => {
    const mutate = (users: string) =>
      users.replace("<query>GRANT INSERT ON countinghouse.dead_letters_raw</query>", "");
    const found = await check({ mutate });
    expect(found).toContain("insert: no INSERT ON dead_letters_raw");
    expect(found).toContain("insert: letters are refused");
  }, 120_000);

  test("one grant too many", async () => {
    const grant = "<query>GRANT SELECT ON countinghouse.pipeline_settings</query>";
    const mutate = (users: string) =>
      users.replace(grant, `${grant}<query>GRANT SELECT ON countinghouse.events_raw</query>`);
    expect(await check({ mutate })).toBe("insert: SELECT ON events_raw is too much");
  }, 120_000);

  test("an owner that was dropped", async () => {
    const mutate = (users: string) => users.replaceAll("countinghouse_migrate>", "countinghouse_gone>");
    const found = await check({ mutate });
    expect(found).toMatch(
      /insert: events are refused.*countinghouse_migrate.*if another, it owned our views: run `ops migrate`/s,
    );
  }, 120_000);

  test("join_use_nulls in the owner's profile, unless the view says otherwise", async () => {
    const planted = { migrate: { join_use_nulls: 1 } };
    expect(await check({ planted })).toBe("");
    await remake("events_per_minute_refresh", (sql) =>
      sql.replace(/join_use_nulls = (0|false)/, "max_rows_in_join = 0"),
    );
    expect(await check({ planted })).toContain("the views show");
  }, 120_000);
});
